import { transaction } from '#lib/adapters/db/client'
import { gatherSituation, lockRequest } from '#lib/adapters/db/requests/lock-request'
import { moveRequest } from '#lib/adapters/db/transition'
import type { SystemActor } from '#lib/core/access/actor'
import { hasExpired } from '#lib/core/approvals/request-expiry'

/**
 * Marks a request as lapsed that was not decided in time. Returns false if it is no longer pending or has not expired. The
 * worker calls it for every request that is past its `lapsesAt`.
 */
export async function lapseRequest(actor: SystemActor, requestId: string): Promise<boolean> {
  return transaction(async (tx) => {
    const request = await lockRequest(tx, requestId)
    // Only a pending request lapses, and only after its expiry.
    if (request?.status !== 'pending') return false
    const { now } = await gatherSituation(tx, request)
    if (!hasExpired(request, now)) return false
    const { id, requester, cluster, namespaces, policyHash } = request
    const about = { requestId: id, personId: requester.id, cluster, namespaces, policyHash }
    await moveRequest(
      tx,
      id,
      'pending',
      'lapsed',
      { type: 'request.lapsed', actor, data: {}, about },
      { resolvedAt: now },
    )
    return true
  })
}
