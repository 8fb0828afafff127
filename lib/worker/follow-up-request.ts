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
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { groupsStillCounting } from '#lib/core/access/on-call'
import { secondsOn } from '#lib/core/approvals/approval-clock'
import { stepsThatCount } from '#lib/core/approvals/current-steps'
import { followUpOf, nextFollowUp } from '#lib/core/approvals/escalation'
import { hasExpired } from '#lib/core/approvals/request-expiry'
import { resolve, type StepState } from '#lib/core/approvals/resolve'

/** The steps of a locked request as they count now, with those who approved them. */
export function stepsNow(
  request: LockedRequest,
  { decisions, clock }: Situation,
): { steps: ApprovalStep[]; states: StepState[] } {
  const counted = decisions.map(({ personId, person, decision, groups, at }) => ({
    ...{ personId, decision, groups: groupsStillCounting(groups, person.groups) },
    afterSeconds: secondsOn(clock, new Date(at)),
  }))
  const { configuration } = currentPolicy()
  const current = configuration.entitlements.find(({ name }) => name === request.entitlement.name)
  const steps = stepsThatCount(request, current?.approvals ?? null, configuration)
  return { steps, states: resolve(steps, counted).steps }
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
    // To whom it escalates follows from today’s policy too, and when from the submitted steps alone.
    const { steps: counting, states } = stepsNow(request, situation)
    const facts = { clock, since: followUpAt, now, shownTo: approverGroups }
    const { reminded, escalated } = followUpOf(counting, states, facts)
    const events: NewAuditEvent[] = escalated.map((data) => ({ type: 'request.escalated', actor, data, about }))
    if (reminded) events.push({ type: 'request.reminded', actor, data: reminded, about })
    const shownTo = [...new Set([...approverGroups, ...escalated.flatMap(({ to }) => to)])]
    const next = { approverGroups: shownTo, followUpAt: nextFollowUp(steps, clock, { at: now, shownTo }) }
    await saveFollowUp(tx, id, next, events)
    return true
  })
}
