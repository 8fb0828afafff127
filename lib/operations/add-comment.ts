import { clip, recordEvents, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { insertComment, newComment } from '#lib/adapters/db/requests/comments'
import { gatherSituation, lockRequest } from '#lib/adapters/db/requests/lock-request'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import type { CommentInput } from '#lib/core/access/comment'
import { AppError, notFound } from '#lib/core/access/errors'
import { maySee } from '#lib/core/access/may-see'
import { clockOf } from '#lib/core/approvals/approval-clock'
import { currentApprovalSteps, stepsThatCount } from '#lib/core/approvals/current-steps'
import { nextFollowUp, stepsAt } from '#lib/core/approvals/escalation'
import { commentsOfSide, mayComment, type NotCommentingCode } from '#lib/core/approvals/may-comment'
import { couldDecide } from '#lib/core/approvals/may-decide'
import { hasExpired } from '#lib/core/approvals/request-expiry'

const errorCodes: Record<NotCommentingCode, 'forbidden' | 'conflict'> = {
  'not-theirs': 'forbidden',
  'not-pending': 'conflict',
  'too-many': 'conflict',
}

/**
 * Comments on a request, as its requester or someone who may decide it. An approver can say that they need information: then
 * reminders and escalation wait for the requester's next comment.
 * @throws AppError `not-found`, `forbidden`, `conflict` (decided, expired, too many comments), `invalid` (a requester who
 * needs information from themselves); each attempt is recorded
 */
export async function addComment(actor: PersonActor, requestId: string, input: CommentInput): Promise<{ id: string }> {
  return transaction(async (tx) => {
    const request = await lockRequest(tx, requestId)
    if (!request) throw notFound()
    const { now, decisions, comments, clock } = await gatherSituation(tx, request)
    const { configuration } = currentPolicy()
    const { requester, cluster, namespaces, approverGroups, policyHash, status, steps, followUpAt } = request
    const about = { requestId: request.id, personId: requester.id, cluster, namespaces, policyHash }
    const refuseComment = (code: string, error: AppError): Promise<never> =>
      refuse(error, { type: 'comment.refused', actor, data: { code, sentence: clip(error.message) }, about })
    const deciderIds = decisions.map(({ personId }) => personId)
    // Who may not see a request learns nothing about it, not even that it exists.
    if (!maySee(actor, { requesterId: requester.id, approverGroups, deciderIds }))
      return refuseComment('not-found', notFound())
    const current = configuration.entitlements.find(({ name }) => name === request.entitlement.name)
    const currentSteps = currentApprovalSteps(request, current?.approvals ?? null, configuration)
    const isRequester = requester.id === actor.person.id
    const may = mayComment({
      isRequester,
      couldDecide: couldDecide({
        ...{ person: actor.person, requester },
        steps: stepsAt(stepsThatCount(request, current?.approvals ?? null, configuration), clock, now),
        currentSteps: currentSteps && stepsAt(currentSteps, clock, now),
        isOneSubjectPerPerson: configuration.identity.oneSubjectPerPerson,
      }),
      ...{ status, isExpired: hasExpired(request, now) },
      count: commentsOfSide(comments, { requesterId: requester.id, isRequester }),
    })
    if (!may.may) {
      const code = may.code ?? 'not-theirs'
      return refuseComment(code, new AppError(errorCodes[code], may.why))
    }
    const { text, needsInformation = false } = input
    if (needsInformation && isRequester) {
      const message = 'Remove this field: only an approver can request information.'
      const errors = [{ pointer: '/needsInformation', message }]
      return refuseComment('own-question', new AppError('invalid', message, { errors }))
    }
    const comment = newComment(actor, { requestId: request.id, text, needsInformation, now })
    const next = clockOf(clock.submittedAt, requester.id, [...comments, comment])
    // What was due already still happens.
    const isDue = followUpAt !== null && followUpAt <= now
    await insertComment(
      tx,
      comment,
      isDue ? followUpAt : nextFollowUp(steps, next, { at: now, shownTo: approverGroups }),
    )
    const data = { id: comment.id, text, needsInformation }
    await recordEvents(tx, [{ type: 'comment.added', actor, data, about }])
    return { id: comment.id }
  })
}
