import { reads } from '#lib/adapters/db/client'
import type { CallFilter } from '#lib/core/access/activity-resource'
import { Prisma } from '../generated/client.ts'

/** Everything, or the calls of one person's grants. */
export type CallScope = 'all' | { personId: string }

const all = (conditions: readonly Prisma.Sql[]) =>
  conditions.length > 0 ? Prisma.join([...conditions], ' AND ') : Prisma.sql`true`

/** PostgreSQL knows no year 0. No call is from before 1970. */
const timeOf = (text: string) => new Date(Math.max(Date.parse(text), 0))

/** PostgreSQL can't store NUL and fails on a parameter that contains it, so such a filter matches nothing. */
const isFindable = (filter: CallFilter) => !Object.values(filter).some((value) => String(value).includes('\0'))

function conditionsOf(scope: CallScope, filter: CallFilter): Prisma.Sql[] {
  const { cluster, grant, account, address, verb, resource, subresource, namespace, name, kind, code, refused } = filter
  const { import: importId, from, to } = filter
  return [
    ...(scope === 'all'
      ? []
      : [
          Prisma.sql`s.grant_id IN (SELECT g.id FROM grants g JOIN requests r ON r.id = g.request_id
            WHERE r.requester_id = ${scope.personId})`,
        ]),
    ...(cluster === undefined ? [] : [Prisma.sql`s.cluster = ${cluster}`]),
    ...(grant === undefined
      ? []
      : [Prisma.sql`a.source_id = ANY (ARRAY(SELECT id FROM activity_sources WHERE grant_id = ${grant}))`]),
    ...(account === undefined ? [] : [Prisma.sql`s.account = ${account}`]),
    ...(address === undefined ? [] : [Prisma.sql`s.address = ${address}`]),
    ...(verb === undefined ? [] : [Prisma.sql`a.verb = ${verb}`]),
    ...(resource === undefined ? [] : [Prisma.sql`a.resource = ${resource}`]),
    ...(subresource === undefined ? [] : [Prisma.sql`a.subresource = ${subresource}`]),
    ...(namespace === undefined ? [] : [Prisma.sql`a.namespace = ${namespace}`]),
    ...(name === undefined ? [] : [Prisma.sql`a.name = ${name}`]),
    ...(kind === undefined ? [] : [Prisma.sql`a.kind = ${kind}`]),
    ...(code === undefined ? [] : [Prisma.sql`a.code = ${code}`]),
    ...(importId === undefined ? [] : [Prisma.sql`a.import_id = ${importId}`]),
    ...(refused === undefined ? [] : [Prisma.sql`(coalesce(a.code, 0) IN (401, 403)) = ${refused === 'yes'}`]),
    ...(from === undefined ? [] : [Prisma.sql`a.at >= ${timeOf(from)}`]),
    ...(to === undefined ? [] : [Prisma.sql`a.at < ${timeOf(to)}`]),
  ]
}

/**
 * Each call `a` once: its end, or its begin while no end is known. NB: not an EXISTS, for which PostgreSQL would read every call
 * there is into a hash table.
 */
export const once = Prisma.sql`
  (NOT a.is_start OR (SELECT e.id FROM activity e WHERE e.call = a.call AND NOT e.is_start) IS NULL)`

const callsWhere = (scope: CallScope, filter: CallFilter) => Prisma.sql`
  FROM activity a JOIN activity_sources s ON s.id = a.source_id
  WHERE ${all(conditionsOf(scope, filter))} AND ${once}`

export type CallRow = {
  id: string
  cluster: string
  at: Date
  endedAt: Date | null
  kind: string
  verb: string
  group: string
  resource: string
  subresource: string
  namespace: string
  name: string
  path: string
  query: string | null
  code: number | null
  account: string
  impersonated: string | null
  grantId: string | null
  requestId: string | null
  credentialId: string | null
  address: string | null
  forwardedFor: string | null
  userAgent: string | null
  auditId: string
  body: unknown
  /** Null if Postern's own account in that cluster is not known. */
  isByPostern: boolean | null
}

/** The place in the order of arrival of a call that a page has shown. */
const before = (cursor: string) => {
  const [call, begin] = cursor.split('.')
  return Prisma.sql`a.id < (SELECT id FROM activity WHERE call = ${call}::uuid AND is_start = ${begin !== undefined})`
}

/** The calls that match, the last one to arrive first. */
export async function findCalls(
  scope: CallScope,
  filter: CallFilter,
  { cursor, limit }: { cursor: string | undefined; limit: number },
): Promise<CallRow[]> {
  if (!isFindable(filter)) return []
  return reads().$queryRaw<CallRow[]>`
    SELECT a.call || CASE WHEN a.is_start THEN '.begin' ELSE '' END AS id, s.cluster, a.at, a.ended_at AS "endedAt", a.kind, a.verb,
      a.api_group AS "group", a.resource, a.subresource, a.namespace, a.name, a.path, a.query, a.code, s.account, s.impersonated,
      s.grant_id AS "grantId", (SELECT g.request_id FROM grants g WHERE g.id = s.grant_id) AS "requestId",
      s.credential_id AS "credentialId", s.address, s.forwarded_for AS "forwardedFor", s.user_agent AS "userAgent",
      a.audit_id AS "auditId", a.body,
      (SELECT c.own_account = s.account FROM cluster_states c WHERE c.name = s.cluster) AS "isByPostern"
    ${callsWhere(scope, filter)} AND ${cursor === undefined ? Prisma.sql`true` : before(cursor)}
    ORDER BY a.id DESC LIMIT ${limit}`
}

export type CallCount = {
  account: string | null
  verb: string | null
  resource: string | null
  namespace: string | null
  name: string | null
  address: string | null
  code: number | null
  count: number
  refused: number
}

const columns = {
  account: Prisma.sql`s.account`,
  address: Prisma.sql`s.address`,
  verb: Prisma.sql`a.verb`,
  resource: Prisma.sql`a.resource`,
  namespace: Prisma.sql`a.namespace`,
  name: Prisma.sql`a.name`,
  code: Prisma.sql`a.code`,
}
export type CallColumn = keyof typeof columns

/** How many calls match, by these columns: the most frequent first. */
export async function countCalls(
  filter: CallFilter,
  by: readonly CallColumn[],
  limit: number,
): Promise<Array<Partial<CallCount> & { count: number; refused: number }>> {
  if (!isFindable(filter)) return []
  const selected = by.map((column) => Prisma.sql`${columns[column]} AS ${Prisma.raw(`"${column}"`)}`)
  return reads().$queryRaw`
    SELECT ${Prisma.join(selected)}, count(*)::int AS count, count(*) FILTER (WHERE a.code IN (401, 403))::int AS refused
    ${callsWhere('all', filter)} GROUP BY ${Prisma.join(by.map((column) => columns[column]))}
    ORDER BY count(*) DESC, ${Prisma.join(by.map((column) => columns[column]))} LIMIT ${limit}`
}

export type CallsInPart = { part: number; allowed: number; unidentified: number; forbidden: number }

/** How many calls were made in each part of this many milliseconds after `from`, without the parts that have none. */
export const countCallsInParts = (filter: { cluster?: string; from: string; to: string }, partMs: number) =>
  reads().$queryRaw<CallsInPart[]>`
    SELECT floor(extract(epoch FROM a.at - ${timeOf(filter.from)}::timestamptz) * 1000 / ${partMs}::int8)::int AS part,
      count(*) FILTER (WHERE a.code IS NULL OR a.code NOT IN (401, 403))::int AS allowed,
      count(*) FILTER (WHERE a.code = 401)::int AS unidentified, count(*) FILTER (WHERE a.code = 403)::int AS forbidden
    ${callsWhere('all', filter)} GROUP BY 1`

/** How many events have arrived, by what became of them. */
export const countArrived = (filter: Pick<CallFilter, 'cluster' | 'from' | 'to'>) =>
  reads().$queryRaw<Array<{ cluster: string; outcome: string; count: number }>>`
    SELECT cluster, outcome, sum(count)::float8 AS count FROM activity_counts
    WHERE ${all([
      ...(filter.cluster === undefined ? [] : [Prisma.sql`cluster = ${filter.cluster}`]),
      ...(filter.from === undefined
        ? []
        : [Prisma.sql`hour >= date_trunc('hour', ${timeOf(filter.from)}::timestamptz)`]),
      ...(filter.to === undefined ? [] : [Prisma.sql`hour < ${timeOf(filter.to)}`]),
    ])} GROUP BY cluster, outcome ORDER BY cluster, outcome`

/** The last successful call of each of these accounts, in each of these namespaces and (as `''`) anywhere. Refused calls use nothing. */
export async function lastCallsOf(
  cluster: string,
  accounts: readonly string[],
  namespaces: readonly string[],
  from: Date,
): Promise<Array<{ account: string; namespace: string; at: Date }>> {
  if (accounts.length === 0) return []
  return reads().$queryRaw`
    SELECT s.account, coalesce(n.namespace, '') AS namespace, max(a.at) AS at
    FROM activity_sources s JOIN activity a ON a.source_id = s.id
      LEFT JOIN unnest(${[...namespaces]}::text[]) AS n(namespace) ON n.namespace = a.namespace
    WHERE s.cluster = ${cluster} AND s.account = ANY (${[...accounts]}::text[]) AND a.at >= ${from}
      AND (a.code IS NULL OR a.code < 400)
    GROUP BY s.account, coalesce(n.namespace, '')`
}

export const findRejections = (filter: Pick<CallFilter, 'cluster' | 'from' | 'to'>, limit: number) =>
  reads().activityRejection.findMany({
    where: {
      ...(filter.cluster === undefined ? {} : { cluster: filter.cluster }),
      receivedAt: {
        ...(filter.from === undefined ? {} : { gte: timeOf(filter.from) }),
        ...(filter.to === undefined ? {} : { lt: timeOf(filter.to) }),
      },
    },
    orderBy: { id: 'desc' },
    take: limit,
  })
