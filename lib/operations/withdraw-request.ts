import { refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { gatherSituation, lockRequest } from '#lib/adapters/db/requests/lock-request'
import { moveRequest } from '#lib/adapters/db/transition'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { mayWithdraw } from '#lib/core/access/may-act'
import { maySee } from '#lib/core/access/may-see'
import type { RequestStatus } from '#lib/core/access/status'

/**
 * Withdraws a pending request, as its requester.
 * @throws AppError `not-found`, `forbidden` (recorded), `conflict`
 */
export async function withdrawRequest(actor: PersonActor, requestId: string): Promise<{ status: RequestStatus }> {
  return transaction(async (tx) => {
    const request = await lockRequest(tx, requestId)
    if (!request) throw notFound()
    const { now, decisions } = await gatherSituation(tx, request)
    const requesterId = request.requester.id
    const { id, status, approverGroups, cluster, namespaces, policyHash } = request
    const about = { requestId: id, personId: requesterId, cluster, namespaces, policyHash }
    const may = mayWithdraw(actor, { requesterId, status })
    // Only the requester withdraws a request; to everyone who may not see it, it does not exist.
    if (requesterId !== actor.person.id) {
      const deciderIds = decisions.map(({ personId }) => personId)
      const isVisible = maySee(actor, { requesterId, approverGroups, deciderIds })
      const sentence = may.may ? '' : may.why
      const error = isVisible ? new AppError('forbidden', sentence) : notFound()
      return refuse(error, { type: 'request.withdrawal-refused', actor, data: { code: error.code, sentence }, about })
    }
    if (!may.may) throw new AppError('conflict', may.why)
    const event = { type: 'request.withdrawn', actor, data: {}, about } as const
    await moveRequest(tx, id, 'pending', 'withdrawn', event, { resolvedAt: now })
    return { status: 'withdrawn' }
  })
}
