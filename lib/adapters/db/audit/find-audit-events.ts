import { reads } from '#lib/adapters/db/client'
import { AppError } from '#lib/core/access/errors'
import type { Severity } from '#lib/core/access/severity'
import { nearestEventTime } from '#lib/core/audit/when'
import { Prisma } from '../generated/client.ts'
import type { PastCount, Span } from './audit-counts.ts'

/** The filter for events; absent fields match everything. Times are RFC 3339, and `to` is exclusive. */
export type AuditFilter = {
  /** Words of the reason, ticket, entitlement or rules of the request, or the name or e-mail address of the actor. */
  text?: string
  /** ID, subject, e-mail address or name of the actor, regardless of case. */
  actor?: string
  cluster?: string
  namespace?: string
  request?: string
  grant?: string
  /** What the request is for: the name of its entitlement, a resource in its rules, the severity of its risk. */
  entitlement?: string
  resource?: string
  severity?: Severity
  type?: string
  from?: string
  to?: string
}

/** All events, or those by or about one person that this person may see. */
export type AuditScope = 'all' | { personId: string }

/** A time of a filter. @throws AppError `malformed` if it is invalid */
function timeOf(pointer: 'from' | 'to', text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const time = Date.parse(text)
  if (!Number.isNaN(time)) return nearestEventTime(time)
  const errors = [{ pointer, message: 'must be a time such as 2026-11-23T09:00:00Z' }]
  throw new AppError('malformed', `${pointer} is not a valid time. Send one such as 2026-11-23T09:00:00Z.`, { errors })
}

/** PostgreSQL can't store NUL and fails on a parameter that contains it, so such a filter matches nothing. */
const isFindable = (text: string) => !text.includes('\0')

/** Conditions on the request that an event belongs to. */
function requestConditions({ entitlement, resource, severity }: AuditFilter): Prisma.Sql[] {
  const all: Prisma.Sql[] = []
  if (entitlement !== undefined) all.push(Prisma.sql`entitlement_name = ${entitlement}`)
  if (resource !== undefined) {
    const having = (name: string) => Prisma.sql`rules @> ${JSON.stringify([{ resources: [name] }])}::jsonb`
    all.push(Prisma.sql`(${having(resource)} OR ${having('*')})`)
  }
  if (severity !== undefined) all.push(Prisma.sql`submitted_severity(facts) = ${severity}`)
  return all.length > 0 ? [Prisma.join(all, ' AND ')] : []
}

/** More requests than this are not listed: their events are frequent, and found by reading events from the newest. */
const mostListed = 1_000

/**
 * The condition for events of requests that meet this one.
 *
 * PostgreSQL can't know whether few or many match, and the wrong plan reads every event, so a few are listed first. For a
 * reader who may not see every request, only their own events are read and the request of each is checked: the time that
 * it takes must not tell whether other people's requests match.
 */
async function ofRequests(seesAll: boolean, condition: Prisma.Sql): Promise<Prisma.Sql> {
  if (seesAll) {
    const found = await reads().$queryRaw<{ id: string }[]>`
      SELECT id FROM requests WHERE ${condition} LIMIT ${mostListed + 1}`
    if (found.length <= mostListed) return Prisma.sql`request_id = ANY(${found.map(({ id }) => id)}::text[])`
  }
  // NB: OFFSET 0 keeps PostgreSQL from beginning with the requests.
  return Prisma.sql`EXISTS (SELECT FROM requests WHERE id = request_id AND ${condition} OFFSET 0)`
}

/** Times are close to the order of `seq`: a transaction lasts seconds, and clocks are corrected by less than this. */
export const slack = Prisma.sql`interval '1 minute'`

/** NB: the bounds of `seq` let PostgreSQL begin at the right place of an index that is ordered by it. */
function timeConditions(filter: AuditFilter): Prisma.Sql[] {
  const from = timeOf('from', filter.from)
  const to = timeOf('to', filter.to)
  return [
    ...(from === undefined
      ? []
      : [
          Prisma.sql`at >= ${from}`,
          Prisma.sql`seq >= (SELECT seq FROM audit_events WHERE at >= ${from}::timestamptz - ${slack} ORDER BY at LIMIT 1)`,
        ]),
    ...(to === undefined
      ? []
      : [
          Prisma.sql`at < ${to}`,
          Prisma.sql`seq <= (SELECT seq FROM audit_events WHERE at < ${to}::timestamptz + ${slack} ORDER BY at DESC LIMIT 1)`,
        ]),
  ]
}

const isBy = {
  id: (actor: string) => Prisma.sql`actor_id = ${actor}`,
  subject: (actor: string) => Prisma.sql`lower(actor_subject) = lower(${actor})`,
  email: (actor: string) => Prisma.sql`lower(actor_email) = lower(${actor})`,
  name: (actor: string) => Prisma.sql`lower(actor_name) = lower(${actor})`,
}

/** What a reader may see. */
function scopeBranches(scope: AuditScope): Prisma.Sql[] {
  if (scope === 'all') return []
  return [
    Prisma.sql`about_id = ${scope.personId}`,
    // An attempt that was answered "not found" is hidden from its actor, because the event would reveal that it exists.
    Prisma.sql`actor_id = ${scope.personId} AND data ->> 'code' IS DISTINCT FROM 'not-found'`,
  ]
}

function actorBranches({ actor }: AuditFilter): Prisma.Sql[] {
  if (actor === undefined) return []
  return [isBy.id(actor), isBy.subject(actor), isBy.email(actor), isBy.name(actor)]
}

async function textBranches(seesAll: boolean, { text }: AuditFilter): Promise<Prisma.Sql[]> {
  if (text === undefined) return []
  const found = Prisma.sql`search_text(reason, ticket, entitlement_name, rules) @@ plainto_tsquery('simple', ${text})`
  return [isBy.name(text), isBy.email(text), await ofRequests(seesAll, found)]
}

/** Each of these conditions without what an earlier one includes. No conditions are one that always holds. */
function disjoint(conditions: readonly Prisma.Sql[]): Prisma.Sql[] {
  if (conditions.length === 0) return [Prisma.sql`true`]
  return conditions.map((one, index) =>
    Prisma.join(
      [Prisma.sql`(${one})`, ...conditions.slice(0, index).map((earlier) => Prisma.sql`(${earlier}) IS NOT TRUE`)],
      ' AND ',
    ),
  )
}

/**
 * Disjoint conditions that together are the filter. Each is read in the order of one index, so that a page costs the same
 * for any number of events; a single condition with OR would sort every event it matches.
 */
async function branches(scope: AuditScope, filter: AuditFilter): Promise<Prisma.Sql[]> {
  const times = timeConditions(filter)
  const { text, actor, cluster, namespace, request, grant, entitlement, resource, type } = filter
  const texts = [text, actor, cluster, namespace, request, grant, entitlement, resource, type]
  if (!texts.every((one) => one === undefined || isFindable(one))) return [Prisma.sql`false`]
  // One request is found by its id at once.
  const seesAll = scope === 'all' && request === undefined && grant === undefined
  const ofRequest = await Promise.all(requestConditions(filter).map((condition) => ofRequests(seesAll, condition)))
  const found = await textBranches(seesAll, filter)
  const all = [...ofRequest, ...times]
  if (cluster !== undefined) all.push(Prisma.sql`cluster = ${cluster}`)
  if (namespace !== undefined) all.push(Prisma.sql`namespaces @> ARRAY[${namespace}::text]`)
  if (request !== undefined) all.push(Prisma.sql`request_id = ${request}`)
  if (grant !== undefined) all.push(Prisma.sql`grant_id = ${grant}`)
  if (type !== undefined) all.push(Prisma.sql`type = ${type}`)
  return disjoint(scopeBranches(scope)).flatMap((inScope) =>
    disjoint(actorBranches(filter)).flatMap((byActor) =>
      disjoint(found).map((byText) => Prisma.join([inScope, byActor, byText, ...all], ' AND ')),
    ),
  )
}

export type AuditRow = {
  id: string
  at: Date
  type: string
  actorKind: 'person' | 'system' | 'unknown'
  actorId: string | null
  actorName: string
  actorEmail: string | null
  aboutId: string | null
  via: string
  clientAddress: string | null
  reference: string
  requestId: string | null
  grantId: string | null
  cluster: string | null
  namespaces: string[]
  policyHash: string | null
  data: unknown
  before: unknown
  after: unknown
}

/**
 * The condition for events that were recorded before this one. It holds for none if this event is not among those that the
 * reader found, so that an id reveals nothing about other people's events.
 */
export const isBefore = (event: string, isFound: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`seq < (SELECT seq FROM audit_events WHERE id = ${event} AND ${isFound})`

/**
 * The time of the first event of each condition; NULL without any. NB: min(at) would walk the index of times through every
 * event before this person's first.
 */
const firstOf = (parts: readonly Prisma.Sql[]): Prisma.Sql =>
  Prisma.join(parts.map((part) => Prisma.sql`(SELECT at FROM audit_events WHERE ${part} ORDER BY seq LIMIT 1)`))

/** Events that were recorded before the event `before`, newest first. */
export const findAuditEvents = async (
  scope: AuditScope,
  filter: AuditFilter,
  { before, limit }: { before: string | null; limit: number },
): Promise<AuditRow[]> => {
  const all = await branches(scope, filter)
  const isOlder = before === null ? Prisma.sql`true` : Prisma.sql`seq < (SELECT seq FROM cursor)`
  const pages = all.map(
    (branch) =>
      Prisma.sql`(SELECT seq FROM audit_events WHERE ${branch} AND ${isOlder} ORDER BY seq DESC LIMIT ${limit})`,
  )
  return reads().$queryRaw<AuditRow[]>(Prisma.sql`
    WITH cursor AS (SELECT seq FROM audit_events WHERE id = ${before} AND (${Prisma.join(all, ' OR ')}))
    SELECT id, at, type, actor_kind AS "actorKind", actor_id AS "actorId", actor_name AS "actorName", about_id AS "aboutId",
      actor_email AS "actorEmail", via, client_address AS "clientAddress", reference, request_id AS "requestId",
      grant_id AS "grantId", cluster, namespaces, policy_hash AS "policyHash", data, before, after
    FROM audit_events
    WHERE seq = ANY(ARRAY(SELECT seq FROM (${Prisma.join(pages, ' UNION ALL ')}) AS page ORDER BY seq DESC LIMIT ${limit}))
    ORDER BY seq DESC`)
}

export type Bucket = { from: Date; to: Date; count: number }

/**
 * The number of events in each of `buckets` equal parts of the range, which is from `filter.from` (or the first
 * matching event) to `filter.to` (or now). Parts without events are included. Empty if no event matches.
 */
export const countAuditEvents = async (scope: AuditScope, filter: AuditFilter, buckets: number): Promise<Bucket[]> => {
  const parts = await branches(scope, filter)
  const counts = parts.map(
    (part) => Prisma.sql`SELECT date_bin(width, at, low) AS bin, count(*) AS count
      FROM range, audit_events WHERE at >= low AND at < high AND ${part} GROUP BY 1`,
  )
  return reads().$queryRaw<Bucket[]>(Prisma.sql`
    WITH ends AS (
      SELECT coalesce(${timeOf('from', filter.from) ?? null}::timestamptz, least(${firstOf(parts)})) AS low,
        coalesce(${timeOf('to', filter.to) ?? null}::timestamptz, clock_timestamp()) AS high),
    range AS MATERIALIZED (
      SELECT low, high, greatest((high - low) / ${buckets}::int, interval '1 microsecond') AS width FROM ends
      WHERE high > low),
    bins AS (${Prisma.join(counts, ' UNION ALL ')}),
    counts AS (
      -- The last part includes the microseconds that remain from the division.
      SELECT least(round(extract(epoch FROM bin - low) / extract(epoch FROM width))::int + 1, ${buckets}::int) AS n,
        sum(count)::int AS count
      FROM bins, range GROUP BY 1)
    SELECT low + width * (p.n - 1) AS "from", CASE p.n WHEN ${buckets}::int THEN high ELSE low + width * p.n END AS "to",
      coalesce(c.count, 0) AS count
    FROM range, generate_series(1, ${buckets}::int) AS p(n) LEFT JOIN counts c USING (n)
    WHERE EXISTS (SELECT FROM counts) ORDER BY p.n`)
}

/** The time of the first matching event and the present time; null if no event matches. */
export async function firstEvent(scope: AuditScope, filter: AuditFilter): Promise<{ first: Date; now: Date } | null> {
  const parts = await branches(scope, filter)
  const [row] = await reads().$queryRaw<{ first: Date | null; now: Date }[]>`
    SELECT least(${firstOf(parts)}) AS first, clock_timestamp() AS now`
  return row?.first ? { first: row.first, now: row.now } : null
}

/** The number of matching events in each hour or day of UTC that has any. */
export async function countBySpan(scope: AuditScope, filter: AuditFilter, span: Span): Promise<PastCount[]> {
  const parts = (await branches(scope, filter)).map((branch) => Prisma.sql`(${branch})`)
  return reads().$queryRaw<PastCount[]>`
    SELECT date_trunc(${span}, at) AS start, count(*)::int AS count FROM audit_events
    WHERE ${Prisma.join(parts, ' OR ')} GROUP BY 1`
}
