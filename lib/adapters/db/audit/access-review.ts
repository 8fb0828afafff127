// The events of a period, counted for an access review.
import { reads } from '#lib/adapters/db/client'
import { accountsOf } from '#lib/adapters/db/people/accounts-of'
import {
  type AccessReview,
  digestOfReview,
  fastSeconds,
  fewestOfPair,
  longestReviewDays,
  mostReviewed,
  type ReviewContent,
  unusedOf,
} from '#lib/core/access/access-review'
import { formatDuration } from '#lib/core/access/duration'
import { AppError } from '#lib/core/access/errors'
import { nearestEventTime } from '#lib/core/audit/when'
import { Prisma } from '../generated/client.ts'
import { slack } from './find-audit-events.ts'

type Someone = { id: string; name: string }

/** NB: the bounds of `seq` let PostgreSQL begin at the right place of the index of a type. */
const inPeriod = (from: Date, to: Date) => Prisma.sql`event.at >= ${from} AND event.at < ${to}
  AND event.seq >= (SELECT seq FROM audit_events WHERE at >= ${from}::timestamptz - ${slack} ORDER BY at LIMIT 1)
  AND event.seq <= (SELECT seq FROM audit_events WHERE at < ${to}::timestamptz + ${slack} ORDER BY at DESC LIMIT 1)`

const limit = Prisma.sql`LIMIT ${mostReviewed + 1}`

const accessOf = (from: Date, to: Date) => reads().$queryRaw<
  {
    entitlement: string
    id: string
    name: string
    email: string | null
    granted: number
    used: number | null
    seconds: number
    lastAt: Date
  }[]
>`
  WITH held AS (
    SELECT event.request_id, event.grant_id, event.at,
      least(coalesce((SELECT at FROM audit_events WHERE grant_id = event.grant_id AND type = 'grant.ended'
        AND at >= event.at ORDER BY at LIMIT 1), ${to}::timestamptz), ${to}::timestamptz) AS until
    FROM audit_events AS event WHERE event.type = 'grant.active' AND ${inPeriod(from, to)})
  SELECT request.entitlement_name AS entitlement, person.id, person.name, person.email, count(*)::int AS granted,
    -- Known if the clusters reported calls before each grant began and after it ended, and these were not removed since.
    CASE WHEN bool_and(coalesce(greatest(feed.first_at, (SELECT removed_before FROM activity_retention)) <= held.at AND feed.newest_at >= held.until, false))
      THEN count(*) FILTER (WHERE EXISTS (SELECT FROM activity_sources WHERE grant_id = held.grant_id))::int END AS used,
    round(sum(extract(epoch FROM held.until - held.at)))::float8 AS seconds, max(held.at) AS "lastAt"
  FROM held
  JOIN requests AS request ON request.id = held.request_id
  JOIN people AS person ON person.id = request.requester_id
  LEFT JOIN activity_feeds AS feed ON feed.cluster = request.cluster
  GROUP BY request.entitlement_name, person.id
  ORDER BY granted DESC, entitlement, person.name, person.id ${limit}`

const pairsOf = (from: Date, to: Date) => reads().$queryRaw<
  { approver: Someone; requester: Someone; approved: number; ofDecisions: number }[]
>`
  WITH decided AS (
    SELECT event.actor_id, max(event.actor_name) AS name, request.requester_id,
      count(*) FILTER (WHERE event.data ->> 'decision' = 'approve')::int AS approved, count(*)::int AS count
    FROM audit_events AS event JOIN requests AS request ON request.id = event.request_id
    WHERE event.type = 'decision.made' AND ${inPeriod(from, to)} GROUP BY event.actor_id, request.requester_id),
  totals AS (SELECT actor_id, sum(count)::int AS total FROM decided GROUP BY actor_id)
  SELECT jsonb_build_object('id', decided.actor_id, 'name', decided.name) AS approver,
    jsonb_build_object('id', person.id, 'name', person.name) AS requester, approved, total AS "ofDecisions"
  FROM decided JOIN totals USING (actor_id) JOIN people AS person ON person.id = decided.requester_id
  WHERE approved = count AND approved >= ${fewestOfPair} ORDER BY approved DESC, decided.actor_id, person.id ${limit}`

const fastOf = (from: Date, to: Date) => reads().$queryRaw<(Omit<AccessReview['fast'][number], 'at'> & { at: Date })[]>`
  SELECT event.request_id AS "requestId", request.entitlement_name AS entitlement, event.data ->> 'decision' AS decision,
    jsonb_build_object('id', event.actor_id, 'name', event.actor_name) AS approver,
    jsonb_build_object('id', person.id, 'name', person.name) AS requester,
    round(extract(epoch FROM event.at - submitted.at), 1)::float8 AS seconds, event.at
  FROM audit_events AS event
  JOIN requests AS request ON request.id = event.request_id
  JOIN people AS person ON person.id = request.requester_id
  JOIN audit_events AS submitted ON submitted.request_id = event.request_id AND submitted.type = 'request.submitted'
  WHERE event.type = 'decision.made' AND ${inPeriod(from, to)} AND event.at - submitted.at < make_interval(secs => ${fastSeconds})
  ORDER BY event.seq ${limit}`

const breakGlassOf = (from: Date, to: Date) => reads().$queryRaw<
  (Omit<AccessReview['breakGlass'][number], 'at'> & { at: Date })[]
>`
  SELECT event.request_id AS "requestId", request.entitlement_name AS entitlement, event.at,
    jsonb_build_object('id', person.id, 'name', person.name) AS person,
    review.data ->> 'outcome' AS outcome, review.actor_name AS reviewer
  FROM audit_events AS event
  JOIN requests AS request ON request.id = event.request_id
  JOIN people AS person ON person.id = request.requester_id
  LEFT JOIN audit_events AS review ON review.request_id = event.request_id AND review.type = 'review.recorded'
  WHERE event.type = 'request.approved' AND event.data ->> 'reviewDueAt' IS NOT NULL AND ${inPeriod(from, to)}
  ORDER BY event.seq ${limit}`

/** What happened in a period. @param entitlements those of the configuration */
async function gatherAccessReview(
  from: Date,
  to: Date,
  entitlements: readonly { name: string }[],
): Promise<ReviewContent> {
  const [access, pairs, fast, breakGlass] = [
    await accessOf(from, to),
    await pairsOf(from, to),
    await fastOf(from, to),
    await breakGlassOf(from, to),
  ]
  const first = <T>(rows: readonly T[]): T[] => rows.slice(0, mostReviewed)
  const held = first(access).map(({ id, name, email, seconds, lastAt, ...row }) => ({
    ...row,
    ...{ person: { id, name, email }, held: formatDuration(seconds), lastAt: lastAt.toISOString() },
  }))
  const configured = entitlements.map(({ name }) => name)
  return {
    ...{ from: from.toISOString(), to: to.toISOString(), access: held, unused: unusedOf(configured, held) },
    pairs: first(pairs),
    fast: first(fast).map(({ at, ...row }) => ({ ...row, at: at.toISOString() })),
    breakGlass: first(breakGlass).map(({ at, ...row }) => ({ ...row, at: at.toISOString() })),
    isComplete: [access, pairs, fast, breakGlass].every(({ length }) => length <= mostReviewed),
  }
}

/** The sign-offs of exactly this period, the newest first, and the time of the database. */
async function signOffsOf(
  from: Date,
  to: Date,
): Promise<{ now: Date; signOffs: { by: string; at: Date; note: string; digest: string }[] }> {
  const signOffs = await reads().$queryRaw<{ by: string; at: Date; note: string; digest: string }[]>`
    SELECT actor_name AS by, at, data ->> 'note' AS note, data ->> 'digest' AS digest FROM audit_events
    WHERE type = 'access.reviewed' AND data ->> 'from' = ${from.toISOString()} AND data ->> 'to' = ${to.toISOString()}
    ORDER BY seq DESC LIMIT 100`
  const [row] = await reads().$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`
  return { now: row?.now ?? new Date(0), signOffs }
}

/**
 * Whether a person, by any of their accounts, held access that began in the period, decided in it, or reviewed break-glass
 * access of it.
 */
async function hasPartInReview(personId: string, from: Date, to: Date): Promise<boolean> {
  const [row] = await reads().$queryRaw<{ hasPart: boolean }[]>`
    WITH accounts AS (
      SELECT p.id FROM people p ${accountsOf(personId)}),
    own AS (SELECT id FROM requests WHERE requester_id IN (SELECT id FROM accounts))
    SELECT EXISTS (
        SELECT FROM audit_events AS event WHERE event.type IN ('grant.active', 'request.approved') AND ${inPeriod(from, to)}
          AND event.request_id IN (SELECT id FROM own))
      OR EXISTS (
        SELECT FROM audit_events AS event WHERE event.type = 'decision.made' AND ${inPeriod(from, to)}
          AND event.actor_id IN (SELECT id FROM accounts))
      OR EXISTS (
        SELECT FROM audit_events AS event
        JOIN audit_events AS review ON review.request_id = event.request_id AND review.type = 'review.recorded'
        WHERE event.type = 'request.approved' AND event.data ->> 'reviewDueAt' IS NOT NULL AND ${inPeriod(from, to)}
          AND review.actor_id IN (SELECT id FROM accounts)) AS "hasPart"`
  // NB: without an answer no one signs.
  return row?.hasPart ?? true
}

/**
 * The access review of a period as one person sees it, with its digest and its sign-offs.
 * @throws AppError `invalid` for a period that does not end after it begins or is too long
 */
export async function readAccessReview(
  personId: string,
  period: { from: string; to: string },
  entitlements: readonly { name: string }[],
) {
  const [from, to] = [nearestEventTime(Date.parse(period.from)), nearestEventTime(Date.parse(period.to))]
  if (from >= to) throw new AppError('invalid', 'The period must end after it begins.')
  if (to.getTime() - from.getTime() > longestReviewDays * 86_400_000)
    throw new AppError('invalid', `A period has at most ${longestReviewDays} days.`)
  const content = await gatherAccessReview(from, to, entitlements)
  const { now, signOffs } = await signOffsOf(from, to)
  const isOwn = await hasPartInReview(personId, from, to)
  return { content, digest: digestOfReview(content), isOver: to <= now, isOwn, signOffs }
}
