import { type NewAuditEvent, recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import {
  gatherSituation,
  type LockedRequest,
  lockRequest,
  type Situation,
} from '#lib/adapters/db/requests/lock-request'
import { saveFollowUp } from '#lib/adapters/db/requests/save-follow-up'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { SystemActor } from '#lib/core/access/actor'
import { groupsStillCounting } from '#lib/core/access/on-call'
import { secondsOn } from '#lib/core/approvals/approval-clock'
import { stepsThatCount } from '#lib/core/approvals/current-steps'
import { followUpOf, nextFollowUp } from '#lib/core/approvals/escalation'
import { hasExpired } from '#lib/core/approvals/request-expiry'
import { resolve, type StepState } from '#lib/core/approvals/resolve'

/** The steps of a locked request with those who approved them, as they count now. */
export function statesOf(request: LockedRequest, { decisions, clock }: Situation): StepState[] {
  const counted = decisions.map(({ personId, person, decision, groups, at }) => ({
    ...{ personId, decision, groups: groupsStillCounting(groups, person.groups) },
    afterSeconds: secondsOn(clock, new Date(at)),
  }))
  const { configuration } = currentPolicy()
  const current = configuration.entitlements.find(({ name }) => name === request.entitlement.name)
  return resolve(stepsThatCount(request, current?.approvals ?? null, configuration), counted).steps
}

/**
 * Reminds the approvers of a request, or escalates it, whatever is due. Of several workers one does it, because the row is
 * locked and the time of the next follow-up moves in the same transaction. Returns false if nothing was due.
 */
export async function followUpRequest(actor: SystemActor, requestId: string): Promise<boolean> {
  return transaction(async (tx) => {
    const request = await lockRequest(tx, requestId)
    if (request?.status !== 'pending' || !request.followUpAt) return false
    const situation = await gatherSituation(tx, request)
    const { now, clock, signatureFailure } = situation
    const { id, steps, approverGroups, followUpAt, requester, cluster, namespaces, policyHash } = request
    if (followUpAt > now || hasExpired(request, now)) return false
    const about = { requestId: id, personId: requester.id, cluster, namespaces, policyHash }
    if (signatureFailure) {
      // Postern did not write these steps, so no one is notified, and no one more may read the request.
      await saveFollowUp(tx, id, { approverGroups, followUpAt: null }, [])
      await recordEvent(tx, { type: 'record.rejected', actor, data: signatureFailure, about })
      return true
    }
    const states = statesOf(request, situation)
    const { reminded, escalated } = followUpOf(steps, states, { clock, since: followUpAt, now })
    const events: NewAuditEvent[] = escalated.map((data) => ({ type: 'request.escalated', actor, data, about }))
    if (reminded) events.push({ type: 'request.reminded', actor, data: reminded, about })
    const shownTo = [...new Set([...approverGroups, ...escalated.flatMap(({ to }) => to)])]
    const next = { approverGroups: shownTo, followUpAt: nextFollowUp(steps, clock, now) }
    await saveFollowUp(tx, id, next, events)
    return true
  })
}
