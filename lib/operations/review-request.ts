import { clip, recordEvents, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { lockRequest } from '#lib/adapters/db/requests/lock-request'
import { insertReview, reviewState } from '#lib/adapters/db/requests/reviews'
import { currentPolicy } from '#lib/adapters/policy/current'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import type { ReviewOutcome } from '#lib/core/access/break-glass'
import { AppError, notFound } from '#lib/core/access/errors'
import { maySee } from '#lib/core/access/may-see'
import type { ReviewInput } from '#lib/core/access/review'
import { mayReview, type NotReviewingCode } from '#lib/core/approvals/may-review'

const errorCodes: Record<NotReviewingCode, 'forbidden' | 'conflict'> = {
  'not-break-glass': 'conflict',
  'own-request': 'forbidden',
  'not-a-reviewer': 'forbidden',
  'already-reviewed': 'conflict',
  'not-ended': 'conflict',
  unverified: 'forbidden',
}

/**
 * Records whether break-glass access was justified, as someone other than its holder.
 * @throws AppError `not-found`, `forbidden` (own access, not a reviewer), `conflict` (not break-glass, still held, reviewed
 * already); each attempt is recorded
 */
export async function reviewRequest(
  actor: PersonActor,
  requestId: string,
  input: ReviewInput,
): Promise<{ outcome: ReviewOutcome }> {
  return transaction(async (tx) => {
    const request = await lockRequest(tx, requestId)
    if (!request) throw notFound()
    const { now, grantStatus, isReviewed, deciderIds } = await reviewState(tx, requestId)
    const { configuration } = currentPolicy()
    const { requester, cluster, namespaces, approverGroups, reviewDueAt, policyHash } = request
    const about = { requestId: request.id, personId: requester.id, cluster, namespaces, policyHash }
    const refuseReview = (code: string, error: AppError): Promise<never> =>
      refuse(error, { type: 'review.refused', actor, data: { code, sentence: clip(error.message) }, about })
    // Who may not see a request learns nothing about it, not even that it exists.
    if (!maySee(actor, { requesterId: requester.id, approverGroups, deciderIds }))
      return refuseReview('not-found', notFound())
    const may = mayReview({
      ...{
        person: actor.person,
        isAuditor: hasRole(actor, 'auditor'),
        requester,
        reviewDueAt,
        isReviewed,
        grantStatus,
      },
      // Those of the submission, so that a changed configuration leaves no review that no one may record.
      groups: approverGroups,
      isOneSubjectPerPerson: configuration.identity.oneSubjectPerPerson,
    })
    if (!may.may) {
      const code = may.code ?? 'not-a-reviewer'
      return refuseReview(code, new AppError(errorCodes[code], may.why))
    }
    const { outcome, note } = input
    await insertReview(tx, actor, { requestId: request.id, now, outcome, note })
    await recordEvents(tx, [{ type: 'review.recorded', actor, data: { outcome, note }, about }])
    return { outcome }
  })
}
