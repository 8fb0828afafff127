import { recordEvents } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { announcedTo, pendingOnCall } from '#lib/adapters/db/requests/handovers'
import { gatherSituation, lockRequest } from '#lib/adapters/db/requests/lock-request'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { SystemActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { onCallGroup } from '#lib/core/access/on-call'
import { onCallMailboxes } from '#lib/core/access/rota'
import { handoversOf } from '#lib/core/approvals/handover'
import { hasExpired } from '#lib/core/approvals/request-expiry'
import { log } from '#lib/observability/log'
import { stepsNow } from './follow-up-request.ts'
import { workerActor } from './work.ts'

/**
 * Announces a request to those who came on call while it waits for them. Of several workers one does it, because the row is
 * locked and those who were notified are read after that. Returns false if there is no one to notify.
 */
export async function announceHandover(actor: SystemActor, requestId: string): Promise<boolean> {
  return transaction(async (tx) => {
    const request = await lockRequest(tx, requestId)
    if (request?.status !== 'pending') return false
    const situation = await gatherSituation(tx, request)
    const { now, clock, signatureFailure } = situation
    if (signatureFailure || hasExpired(request, now)) return false
    const { configuration, hash } = currentPolicy()
    const handovers = handoversOf(request.steps, stepsNow(request, situation).states, {
      ...{ clock, now, rotas: configuration.rotas, isSamePolicy: request.policyHash === hash },
      isMailed: (configuration.notifications?.email ?? configuration.notifications?.slack?.direct) !== undefined,
      notified: await announcedTo(tx, requestId),
    })
    const { id, requester, cluster, namespaces, policyHash } = request
    const about = { requestId: id, personId: requester.id, cluster, namespaces, policyHash }
    await recordEvents(
      tx,
      handovers.map((data) => ({ type: 'request.handed-over', actor, data, about })),
    )
    return handovers.length > 0
  })
}

/** Announces the pending requests when someone else is on call than at the last time, and at the first time. */
export function watchHandovers(): () => Promise<void> {
  let seen = ''
  /** The requests that could not be announced at the last time. */
  let failed: string[] = []
  return async () => {
    const { configuration, hash } = currentPolicy()
    const groups = configuration.rotas.map(({ name }) => onCallGroup(name))
    const onCall = groups.map((group) => onCallMailboxes(configuration.rotas, [group], new Date()))
    const current = JSON.stringify([hash, groups, onCall])
    const ids = current === seen ? failed : await pendingOnCall(groups)
    const failing: string[] = []
    for (const id of ids) {
      try {
        await announceHandover(workerActor(), id)
      } catch (error) {
        if (error instanceof AppError && error.code === 'unavailable') throw error
        log.warn({ request: id, err: error }, 'a request cannot be announced to the person on call')
        failing.push(id)
      }
    }
    seen = current
    failed = failing
  }
}
