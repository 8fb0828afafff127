import { reads } from '#lib/adapters/db/client'
import { type Activity, Prisma } from '../generated/client.ts'
import { type CallRow, once } from './find-calls.ts'
import { callsRemovedBefore } from './remove-old-calls.ts'

// What was done with one grant. A grant has few sources, and its calls are found by them: no statement reads the calls of others.

/** A grant with what decides who may read its activity. */
export type GrantOfActivity = {
  id: string
  cluster: string
  requestId: string
  requesterId: string
  endedAt: Date | null
}

export async function findGrantOfActivity(id: string): Promise<GrantOfActivity | null> {
  const grant = await reads().grant.findUnique({
    where: { id },
    select: { id: true, cluster: true, requestId: true, endedAt: true, request: { select: { requesterId: true } } },
  })
  return grant && { ...grant, requesterId: grant.request.requesterId }
}

export type Feed = {
  cluster: string
  /** From then on its calls are known: its first one, or the end of what was removed because of its age. */
  firstAt: Date
  newestAt: Date
  receivedAt: Date
  /** Calls that it had reported before this time were removed; null if none were. */
  removedBefore: Date | null
}

/** The feeds of all clusters, or of one. */
export async function findFeeds(cluster?: string): Promise<Feed[]> {
  const where = cluster === undefined ? {} : { cluster }
  const [feeds, removed] = await Promise.all([
    reads().activityFeed.findMany({ where, orderBy: { cluster: 'asc' } }),
    callsRemovedBefore(),
  ])
  return feeds.map((feed) => {
    const removedBefore = removed && removed > feed.firstAt ? removed : null
    return { ...feed, firstAt: removedBefore ?? feed.firstAt, removedBefore }
  })
}

export const findFeed = async (cluster: string): Promise<Feed | null> => (await findFeeds(cluster))[0] ?? null

/** The calls of a grant: those that have ended, and the begins of those that have not. */
const callsOf = (grantId: string) => Prisma.sql`
  FROM activity_sources s JOIN activity a ON a.source_id = s.id
  WHERE s.grant_id = ${grantId} AND ${once}`

const called = Prisma.sql`a.verb, a.api_group AS "group", a.resource, a.subresource, a.namespace, a.name, a.path`

type Called = Pick<Activity, 'verb' | 'resource' | 'subresource' | 'namespace' | 'name' | 'path'> & { group: string }

export type CallGroupRow = Called & {
  kind: string
  code: number | null
  count: number
  firstAt: Date
  lastAt: Date
}

export const findCallGroups = (grantId: string, limit: number): Promise<CallGroupRow[]> =>
  reads().$queryRaw<CallGroupRow[]>`
    SELECT ${called}, a.kind, a.code, count(*)::int AS count, min(a.at) AS "firstAt", max(a.at) AS "lastAt" ${callsOf(grantId)}
    GROUP BY a.kind, a.verb, a.api_group, a.resource, a.subresource, a.namespace, a.name, a.path, a.code
    ORDER BY count(*) DESC, max(a.at) DESC, a.resource, a.name LIMIT ${limit}`

export type CallSourceRow = {
  account: string
  impersonated: string | null
  credentialId: string | null
  isIssued: boolean
  address: string | null
  forwardedFor: string | null
  userAgent: string | null
  count: number
  firstAt: Date
  lastAt: Date
}

/** The figures of all calls of a grant. */
export async function findTotals(grantId: string) {
  const [row] = await reads().$queryRaw<
    Array<Record<'count' | 'refused' | 'secrets' | 'afterEnd', number> & { firstAt: Date | null; lastAt: Date | null }>
  >`
    SELECT count(*)::int AS count, count(*) FILTER (WHERE a.code IN (401, 403))::int AS refused,
      count(*) FILTER (WHERE a.kind = 'secret' AND a.code < 300)::int AS secrets,
      count(*) FILTER (WHERE a.at > (SELECT ended_at FROM grants WHERE id = ${grantId}))::int AS "afterEnd",
      min(a.at) AS "firstAt", max(a.at) AS "lastAt" ${callsOf(grantId)}`
  if (!row) throw new Error('an aggregate returned no row')
  return row
}

/**
 * The sources of a grant's calls: first those with a token that Postern did not issue, then the most frequent. A client chooses how many
 * there are, by the names of programs that it sends.
 */
export const findCallSources = (grantId: string, limit: number): Promise<CallSourceRow[]> =>
  reads().$queryRaw<CallSourceRow[]>`
    SELECT s.account, s.impersonated, s.credential_id AS "credentialId", s.address, s.forwarded_for AS "forwardedFor",
      s.user_agent AS "userAgent",
      EXISTS (SELECT FROM credentials c WHERE c.jti = s.credential_id AND c.grant_id = s.grant_id) AS "isIssued",
      n.count, n.first_at AS "firstAt", n.last_at AS "lastAt"
    FROM activity_sources s JOIN (
      SELECT a.source_id, count(*)::int AS count, min(a.at) AS first_at, max(a.at) AS last_at ${callsOf(grantId)}
      GROUP BY a.source_id) AS n ON n.source_id = s.id
    ORDER BY "isIssued", s.impersonated IS NULL, n.count DESC, n.last_at DESC LIMIT ${limit}`

/** The calls of a grant in the order of their arrival, after the row `after`. */
export const findCallsOfGrant = (grantId: string, after: bigint, limit: number) =>
  reads().$queryRaw<
    (Omit<CallRow, 'id' | 'cluster' | 'grantId' | 'requestId' | 'isByPostern' | 'body'> & { id: bigint })[]
  >`
    SELECT a.id, a.at, a.ended_at AS "endedAt", a.kind, ${called}, a.query, a.code, s.account, s.impersonated,
      s.credential_id AS "credentialId", s.address, s.forwarded_for AS "forwardedFor", s.user_agent AS "userAgent",
      a.audit_id AS "auditId"
    ${callsOf(grantId)} AND a.id > ${after} ORDER BY a.id LIMIT ${limit}`

export type LastingCallRow = Called & {
  query: string | null
  code: number | null
  at: Date
  endedAt: Date | null
}

/** The calls that last, newest first. */
export const findLastingCalls = (grantId: string, limit: number): Promise<LastingCallRow[]> =>
  reads().$queryRaw<LastingCallRow[]>`
    SELECT ${called}, coalesce(e.query, a.query) AS query, coalesce(e.code, a.code) AS code, a.at, e.ended_at AS "endedAt"
    FROM activity_sources s JOIN activity a ON a.source_id = s.id AND a.is_start
      LEFT JOIN activity e ON e.call = a.call AND NOT e.is_start
    WHERE s.grant_id = ${grantId} ORDER BY a.at DESC LIMIT ${limit}`

export type CreatedRow = Pick<Called, 'group' | 'resource' | 'namespace' | 'name'> & { at: Date }

/**
 * Objects that were created with a grant and not deleted with it since, newest first. `apply` and `replace` create too, which only
 * the status says; of a generated name, the API server reports none, so that no deletion can be told to be of it.
 */
export const findCreated = (grantId: string, limit: number): Promise<CreatedRow[]> =>
  reads().$queryRaw<CreatedRow[]>`
    SELECT "group", resource, namespace, name, at FROM (
      SELECT a.api_group AS "group", a.resource, a.namespace, a.name, max(a.at) FILTER (WHERE a.verb = 'create' OR a.code = 201) AS at,
        max(a.at) FILTER (WHERE a.verb = 'delete' AND a.name <> '') AS deleted_at
      FROM activity_sources s JOIN activity a ON a.source_id = s.id
      WHERE s.grant_id = ${grantId} AND a.verb IN ('create', 'update', 'patch', 'delete') AND a.subresource = '' AND a.code < 300
        AND a.api_group NOT IN ('authorization.k8s.io', 'authentication.k8s.io')
      GROUP BY a.api_group, a.resource, a.namespace, a.name) AS objects
    WHERE at IS NOT NULL AND (deleted_at IS NULL OR deleted_at < at) ORDER BY at DESC, name LIMIT ${limit}`
