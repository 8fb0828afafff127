import { reads, type Tx } from '#lib/adapters/db/client'
import { accountsOf } from '#lib/adapters/db/people/accounts-of'
import { type PersonInSql, personInSql } from '#lib/adapters/db/records-in-sql'
import { signatureOf, signingKeys } from '#lib/adapters/db/signing'
import type { PersonActor } from '#lib/core/access/actor'
import type { BreakGlassUse, ReviewOutcome } from '#lib/core/access/break-glass'
import type { ReviewInput, ReviewState as State } from '#lib/core/access/review'
import type { GrantStatus } from '#lib/core/access/status'
import { reviewStatement } from '#lib/core/signing/statements'
import { verifyReview } from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'
import type { Reader } from './find-requests.ts'

/** As many uses as one person can have in the time that counts; more are refused long before. */
const mostUses = 500

type StoredReview = Parameters<typeof verifyReview>[1]

/** Did Postern write this review? `id` is that of the request. */
export const isGenuine = (review: StoredReview): boolean => verifyReview(signingKeys(), review) === null

/** Every stored review of request `r`. Only their signatures tell which of them Postern wrote. */
export const reviewsInSql = Prisma.sql`(
  SELECT coalesce(jsonb_agg(jsonb_build_object('id', v.request_id, 'outcome', v.outcome, 'note', v.note,
    'groups', v.groups, 'createdAt', v.created_at, 'signature', v.signature,
    'person', jsonb_build_object('id', q.id, 'issuer', q.issuer, 'subject', q.subject, 'name', q.name, 'email', q.email))), '[]')
  FROM reviews v JOIN people q ON q.id = v.person_id WHERE v.request_id = r.id)`
export type ReviewsInSql = Array<StoredReview & { person: { name: string; email: string | null } }>

/**
 * Does request `r` have no review, or one that could be forged? The signatures of older ones are not verified, because their number
 * grows for ever; one that was forged has been listed as missing all the while until then.
 */
export const mayLackReview = Prisma.sql`(r.review_due_at IS NOT NULL AND (
  r.review_due_at > now() - interval '90 days' OR NOT EXISTS (SELECT FROM reviews v WHERE v.request_id = r.id)))`

type UseRow = { id: string; isThisWeek: boolean; isDue: boolean; reviews: ReviewsInSql }

/**
 * How often one person has used this break-glass entitlement, under any of their accounts that have an address in common.
 * A review that Postern did not write counts for nothing.
 */
export async function findBreakGlassUse(tx: Tx, personId: string, entitlement: string): Promise<BreakGlassUse> {
  const rows = await tx.$queryRaw<UseRow[]>`
    SELECT r.id, r.created_at > now() - interval '7 days' AS "isThisWeek", r.review_due_at < now() AS "isDue",
      ${reviewsInSql} AS reviews
    FROM requests r
    JOIN people p ON p.id = r.requester_id
    ${accountsOf(personId)}
    WHERE r.entitlement_name = ${entitlement} AND r.review_due_at IS NOT NULL
    ORDER BY r.id DESC LIMIT ${mostUses}::int`
  return {
    usesThisWeek: rows.filter(({ isThisWeek }) => isThisWeek).length,
    isReviewOverdue: rows.some(({ isDue, reviews }) => isDue && !reviews.some(isGenuine)),
  }
}

export type ReviewState = { now: Date; grantStatus: GrantStatus | null; isReviewed: boolean; deciderIds: string[] }

/** What a review of a locked request depends on. */
export async function reviewState(tx: Tx, requestId: string): Promise<ReviewState> {
  const [row] = await tx.$queryRaw<Array<Omit<ReviewState, 'isReviewed'> & { reviews: ReviewsInSql }>>`
    SELECT statement_timestamp() AS now, (SELECT status FROM grants WHERE request_id = r.id) AS "grantStatus",
      ${reviewsInSql} AS reviews, ARRAY(SELECT person_id FROM decisions WHERE request_id = r.id) AS "deciderIds"
    FROM requests r WHERE r.id = ${requestId}`
  if (!row) throw new Error('a locked request is not there')
  const { reviews, ...state } = row
  return { ...state, isReviewed: reviews.some(isGenuine) }
}

/** Adds the one review of a locked request. */
export async function insertReview(
  tx: Tx,
  { person }: PersonActor,
  { requestId, now, outcome, note }: ReviewInput & { requestId: string; now: Date },
) {
  const { groups } = person
  const signed = { id: requestId, person, outcome, note, groups, createdAt: now }
  await tx.$executeRaw`
    INSERT INTO reviews (request_id, person_id, outcome, note, groups, created_at, signature)
    VALUES (${requestId}, ${person.id}, ${outcome}, ${note}, ${groups}::text[], ${now}::timestamptz,
      ${signatureOf('review', reviewStatement(signed))})`
}

/** The review of a request, for a notice; null without a valid one. */
export async function findReview(
  requestId: string,
): Promise<{ by: string; outcome: ReviewOutcome; note: string } | null> {
  const rows = await reads().review.findMany({ where: { requestId }, include: { person: true } })
  const row = rows.find((one) => isGenuine({ ...one, id: requestId }))
  if (!row) return null
  return { by: row.person.name, outcome: row.outcome as ReviewOutcome, note: row.note }
}

export type UseOfBreakGlass = {
  id: string
  title: string
  entitlement: string
  cluster: string
  namespaces: string[]
  reason: string
  createdAt: Date
  reviewDueAt: Date
  isOverdue: boolean
  grantStatus: GrantStatus | null
  endedAt: Date | null
  approverGroups: string[]
  requester: PersonInSql
  reviews: ReviewsInSql
}

/**
 * Break-glass access that this person may read as a reviewer: without a review, the oldest first, or with one, the newest
 * first. It reads on until the page is full, so that rows which turn out to belong to the other list cut nothing off.
 */
export async function findUses(
  { personId, groups, seesAll }: Reader,
  { state, after, limit }: { state: State; after: string | null; limit: number },
): Promise<UseOfBreakGlass[]> {
  const found: UseOfBreakGlass[] = []
  // Only the signatures of the rows tell which of them have a review.
  const batch = 2 * limit
  const isOpen = state === 'open'
  const mayBelong = isOpen ? mayLackReview : Prisma.sql`EXISTS (SELECT FROM reviews v WHERE v.request_id = r.id)`
  const order = isOpen ? Prisma.sql`r.id` : Prisma.sql`r.id DESC`
  for (let last = after; ; ) {
    const further = isOpen ? Prisma.sql`r.id > ${last}` : Prisma.sql`r.id < ${last}`
    const rows = await reads().$queryRaw<Array<UseOfBreakGlass & { mayLack: boolean }>>`
      SELECT r.id, e.document->>'title' AS title, r.entitlement_name AS entitlement, r.cluster, r.namespaces, r.reason,
        r.created_at AS "createdAt", r.review_due_at AS "reviewDueAt", r.review_due_at < now() AS "isOverdue",
        g.status AS "grantStatus", g.ended_at AS "endedAt", r.approver_groups AS "approverGroups",
        ${personInSql('p')} AS requester, ${reviewsInSql} AS reviews, ${mayLackReview} AS "mayLack"
      -- NB: OFFSET 0, or PostgreSQL may walk through all requests by their ids to find the few of break-glass access.
      FROM (SELECT * FROM requests WHERE review_due_at IS NOT NULL OFFSET 0) r
      JOIN people p ON p.id = r.requester_id JOIN entitlement_versions e ON e.hash = r.entitlement_hash
      LEFT JOIN grants g ON g.request_id = r.id
      WHERE ${mayBelong} AND ${last === null ? Prisma.sql`true` : further}
        AND (${seesAll} OR r.requester_id <> ${personId} AND r.approver_groups && ${[...groups]}::text[])
      ORDER BY ${order} LIMIT ${batch}::int`
    for (const { mayLack, ...row } of rows) if ((mayLack && !row.reviews.some(isGenuine)) === isOpen) found.push(row)
    const next = rows.at(-1)
    if (!next || rows.length < batch || found.length >= limit) return found.slice(0, limit)
    last = next.id
  }
}
