// What an evidence pack has of the log: which leaves belong to a request or a period, and the terms of requests.
import { slack } from '#lib/adapters/db/audit/find-audit-events'
import { reads } from '#lib/adapters/db/client'
import type { Rule } from '#lib/core/access/rule'
import { type Terms, termsContent } from '#lib/core/access/terms'
import { mostListed } from '#lib/core/evidence/pack'
import { Prisma } from '../generated/client.ts'

export type EvidenceScope = { request: string } | { from: Date; to: Date }

const numbers = (rows: readonly { index: bigint }[]) => rows.map(({ index }) => Number(index))

/** The places of the events of a request in the first `size` leaves, in order. */
export async function leavesOfRequest(requestId: string, size: number, limit: number): Promise<number[]> {
  return numbers(
    await reads().$queryRaw<{ index: bigint }[]>`
      SELECT index FROM audit_events JOIN log_leaves USING (seq) WHERE request_id = ${requestId} AND index < ${size}
      ORDER BY index LIMIT ${limit}`,
  )
}

/** The last leaf before a period and the first one after it, or the ends of the log. */
export async function leavesAround(from: Date, to: Date, size: number): Promise<{ first: number; last: number }> {
  const [row] = await reads().$queryRaw<{ first: bigint; last: bigint }[]>`
    SELECT coalesce((SELECT index FROM audit_events JOIN log_leaves USING (seq)
        WHERE at < ${from}::timestamptz - ${slack} AND index < ${size} ORDER BY at DESC, seq DESC LIMIT 1), 0) AS first,
      coalesce((SELECT index FROM audit_events JOIN log_leaves USING (seq)
        WHERE at >= ${to}::timestamptz + ${slack} AND index < ${size} ORDER BY at, seq LIMIT 1), ${size}::bigint - 1) AS last`
  return { first: Number(row?.first ?? 0), last: Number(row?.last ?? 0) }
}

/**
 * The places of all events of the requests that have an event from `first` to `last`, or whose access was live at `from`,
 * in the first `size` leaves. Those from `first` to `last` are not among them.
 */
export async function leavesOfPeriod(
  { from, first, last }: { from: Date; first: number; last: number },
  size: number,
  limit: number,
): Promise<number[]> {
  return numbers(
    await reads().$queryRaw<{ index: bigint }[]>`
      WITH bounds AS (SELECT (SELECT seq FROM log_leaves WHERE index = ${first}) AS low, (SELECT seq FROM log_leaves WHERE index = ${last}) AS high),
      moves AS (
        SELECT DISTINCT ON (grant_id) grant_id, request_id, type FROM audit_events
        WHERE type IN ('grant.active', 'grant.ending', 'grant.ended') AND grant_id IS NOT NULL AND at <= ${from}
        ORDER BY grant_id, at DESC, seq DESC),
      touched AS (
        SELECT request_id FROM audit_events, bounds WHERE seq BETWEEN low AND high AND request_id IS NOT NULL
        UNION SELECT request_id FROM moves WHERE type <> 'grant.ended' AND request_id IS NOT NULL)
      SELECT index FROM audit_events JOIN log_leaves USING (seq)
      WHERE request_id = ANY(ARRAY(SELECT request_id FROM touched)) AND index < ${size}
        AND NOT (index BETWEEN ${first} AND ${last})
      ORDER BY index LIMIT ${limit}`,
  )
}

/** Events that are not in the first `size` leaves: newer ones, and those that someone inserted between them later. */
export async function eventsOutsideOfLog(
  scope: EvidenceScope,
  size: number,
): Promise<{ id: string; isNew: boolean }[]> {
  const inScope =
    'request' in scope
      ? Prisma.sql`request_id = ${scope.request}`
      : Prisma.sql`at >= ${scope.from} AND at < ${scope.to}`
  return reads().$queryRaw<{ id: string; isNew: boolean }[]>`
    WITH newest AS (SELECT coalesce((SELECT seq FROM log_leaves WHERE index = ${size}::bigint - 1), 0) AS seq)
    SELECT id, event.seq > newest.seq AS "isNew" FROM audit_events AS event, newest
    WHERE ${inScope} AND (event.seq > newest.seq OR NOT EXISTS (SELECT FROM log_leaves WHERE log_leaves.seq = event.seq))
    ORDER BY event.seq LIMIT ${mostListed}`
}

type TermsRow = {
  issuer: string
  subject: string
  cluster: string
  clusterRole: string | null
  startsAt: Date | null
  agent: string | null
  versions: { namespaces: string[]; rules: Rule[]; durationSeconds: number }[]
}

/** Every version of the terms of these requests: as submitted, and as each decision narrowed them. */
export async function termsOfRequests(ids: readonly string[]): Promise<ReturnType<typeof termsContent>[]> {
  const rows = await reads().$queryRaw<TermsRow[]>`
    SELECT people.issuer, people.subject, r.cluster, r.cluster_role AS "clusterRole", r.starts_at AS "startsAt", r.agent,
      jsonb_build_array(r.submitted_terms,
        jsonb_build_object('namespaces', r.namespaces, 'rules', r.rules, 'durationSeconds', r.duration_seconds))
      || coalesce((SELECT jsonb_agg(narrowed -> 'after') FROM decisions WHERE request_id = r.id AND narrowed IS NOT NULL), '[]') AS versions
    FROM requests AS r JOIN people ON people.id = r.requester_id WHERE r.id = ANY(${[...ids]}::text[])`
  return rows.flatMap(({ issuer, subject, versions, ...row }) =>
    versions.map(({ namespaces, rules, durationSeconds }) => {
      const terms: Terms = { ...row, requester: { issuer, subject }, namespaces, rules, durationSeconds }
      return termsContent(terms)
    }),
  )
}
