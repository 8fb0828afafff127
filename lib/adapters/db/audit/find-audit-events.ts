import { reads } from '#lib/adapters/db/client'
import { AppError } from '#lib/core/access/errors'
import { Prisma } from '../generated/client.ts'

/** The filter for events; absent fields match everything. Times are RFC 3339, and `to` is exclusive. */
export type AuditFilter = {
  /** ID, subject, e-mail address or name of the actor, regardless of case. */
  actor?: string
  cluster?: string
  namespace?: string
  request?: string
  grant?: string
  type?: string
  from?: string
  to?: string
}

/** All events, or those by or about one person that this person may see. */
export type AuditScope = 'all' | { personId: string }

/** A time of a filter. @throws AppError `malformed` if it is invalid or outside the years 1970 to 9999 */
function timeOf(pointer: 'from' | 'to', text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const time = new Date(text)
  if (time.getUTCFullYear() >= 1970 && time.getUTCFullYear() <= 9999) return time
  const errors = [{ pointer, message: 'must be a time such as 2026-11-23T09:00:00Z' }]
  throw new AppError('malformed', `${pointer} is not a valid time. Send one such as 2026-11-23T09:00:00Z.`, { errors })
}

/** PostgreSQL can't store NUL and fails on a parameter that contains it, so such a filter matches nothing. */
const isFindable = (text: string) => !text.includes('\0')

function conditions(scope: AuditScope, filter: AuditFilter): Prisma.Sql {
  const { actor, cluster, namespace, request, grant, type } = filter
  const from = timeOf('from', filter.from)
  const to = timeOf('to', filter.to)
  const all: Prisma.Sql[] = []
  if (![actor, cluster, namespace, request, grant, type].every((text) => text === undefined || isFindable(text)))
    all.push(Prisma.sql`false`)
  else {
    // An attempt that was answered "not found" is hidden from its actor, because the event would reveal that it exists.
    if (scope !== 'all')
      all.push(Prisma.sql`(about_id = ${scope.personId}
        OR (actor_id = ${scope.personId} AND data ->> 'code' IS DISTINCT FROM 'not-found'))`)
    if (actor !== undefined)
      all.push(Prisma.sql`(actor_id = ${actor} OR lower(actor_subject) = lower(${actor})
        OR lower(actor_email) = lower(${actor}) OR lower(actor_name) = lower(${actor}))`)
    if (cluster !== undefined) all.push(Prisma.sql`cluster = ${cluster}`)
    if (namespace !== undefined) all.push(Prisma.sql`namespaces @> ARRAY[${namespace}::text]`)
    if (request !== undefined) all.push(Prisma.sql`request_id = ${request}`)
    if (grant !== undefined) all.push(Prisma.sql`grant_id = ${grant}`)
    if (type !== undefined) all.push(Prisma.sql`type = ${type}`)
    if (from !== undefined) all.push(Prisma.sql`at >= ${from}`)
    if (to !== undefined) all.push(Prisma.sql`at < ${to}`)
  }
  return all.length > 0 ? Prisma.join(all, ' AND ') : Prisma.sql`true`
}

export type AuditRow = {
  id: string
  at: Date
  type: string
  actorKind: 'person' | 'system' | 'unknown'
  actorId: string | null
  actorName: string
  actorEmail: string | null
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

/** Events that were recorded before the event `before`, newest first. */
export const findAuditEvents = (
  scope: AuditScope,
  filter: AuditFilter,
  { before, limit }: { before: string | null; limit: number },
): Promise<AuditRow[]> => {
  const isFound = conditions(scope, filter)
  return reads().$queryRaw<AuditRow[]>(Prisma.sql`
    SELECT id, at, type, actor_kind AS "actorKind", actor_id AS "actorId", actor_name AS "actorName",
      actor_email AS "actorEmail", via, client_address AS "clientAddress", reference, request_id AS "requestId",
      grant_id AS "grantId", cluster, namespaces, policy_hash AS "policyHash", data, before, after
    FROM audit_events
    WHERE ${isFound} AND ${before === null ? Prisma.sql`true` : isBefore(before, isFound)}
    ORDER BY seq DESC LIMIT ${limit}`)
}

export type Bucket = { from: Date; to: Date; count: number }

/**
 * The number of events in each of `buckets` equal parts of the range, which is from `filter.from` (or the first
 * matching event) to `filter.to` (or now). Parts without events are included. Empty if no event matches.
 */
export const countAuditEvents = (scope: AuditScope, filter: AuditFilter, buckets: number): Promise<Bucket[]> =>
  reads().$queryRaw<Bucket[]>(Prisma.sql`
    WITH ends AS (
      SELECT coalesce(${timeOf('from', filter.from) ?? null}::timestamptz,
          (SELECT min(at) FROM audit_events WHERE ${conditions(scope, filter)})) AS low,
        coalesce(${timeOf('to', filter.to) ?? null}::timestamptz, clock_timestamp()) AS high),
    range AS MATERIALIZED (
      SELECT low, high, greatest((high - low) / ${buckets}::int, interval '1 microsecond') AS width FROM ends
      WHERE high > low),
    bins AS (
      SELECT date_bin(width, at, low) AS bin, count(*) AS count
      FROM range, audit_events WHERE at >= low AND at < high AND ${conditions(scope, filter)} GROUP BY 1),
    counts AS (
      -- The last part includes the microseconds that remain from the division.
      SELECT least(round(extract(epoch FROM bin - low) / extract(epoch FROM width))::int + 1, ${buckets}::int) AS n,
        sum(count)::int AS count
      FROM bins, range GROUP BY 1)
    SELECT low + width * (p.n - 1) AS "from", CASE p.n WHEN ${buckets}::int THEN high ELSE low + width * p.n END AS "to",
      coalesce(c.count, 0) AS count
    FROM range, generate_series(1, ${buckets}::int) AS p(n) LEFT JOIN counts c USING (n)
    WHERE EXISTS (SELECT FROM counts) ORDER BY p.n`)
