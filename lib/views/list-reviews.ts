import { idOfCursor, pageSize, toPage } from '#lib/adapters/db/cursor'
import { toPerson, toPersonResource } from '#lib/adapters/db/people/people'
import { findUses, isGenuine, type UseOfBreakGlass } from '#lib/adapters/db/requests/reviews'
import { currentPolicy } from '#lib/adapters/policy/current'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import type { ReviewOutcome } from '#lib/core/access/break-glass'
import type { Page } from '#lib/core/access/page'
import type { BreakGlassUseResource, ReviewState } from '#lib/core/access/review'
import { mayReview } from '#lib/core/approvals/may-review'
import { readerOf } from './reader.ts'

function toResource(actor: PersonActor, row: UseOfBreakGlass): BreakGlassUseResource {
  const { id, approverGroups, requester, reviews, createdAt, endedAt, reviewDueAt, ...rest } = row
  const review = reviews.find(isGenuine)
  const may = mayReview({
    ...{ person: actor.person, isAuditor: hasRole(actor, 'auditor'), requester: toPerson(requester) },
    ...{ reviewDueAt, isReviewed: review !== undefined, grantStatus: row.grantStatus, groups: approverGroups },
    isOneSubjectPerPerson: currentPolicy().configuration.identity.oneSubjectPerPerson,
  })
  return {
    ...rest,
    requestId: id,
    holder: toPersonResource(requester),
    at: createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    reviewDueAt: reviewDueAt.toISOString(),
    isOverdue: rest.isOverdue && !review,
    review: review
      ? {
          ...{ outcome: review.outcome as ReviewOutcome, note: review.note, person: toPersonResource(review.person) },
          at: new Date(review.createdAt).toISOString(),
        }
      : null,
    mayReview: may.may ? { may: true } : { may: false, why: may.why },
  }
}

/**
 * Break-glass access for the people who may review it, and for auditors and admins: without a review, the oldest first, or
 * with one, the newest first. For everyone else the list is empty.
 * @throws AppError `malformed` for a cursor that no page returned
 */
export async function listReviews(
  actor: PersonActor,
  { state, cursor, limit }: { state: ReviewState; cursor?: string | undefined; limit?: number | undefined },
): Promise<Page<BreakGlassUseResource>> {
  const size = pageSize(limit)
  const paging = { after: idOfCursor('request', cursor), limit: size + 1 }
  const page = toPage(await findUses(readerOf(actor), { state, ...paging }), size, ({ id }) => id)
  return { items: page.items.map((row) => toResource(actor, row)), nextCursor: page.nextCursor }
}
