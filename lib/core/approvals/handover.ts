// A request that waits for the person on call is announced to the person who comes on call later. Who that is follows from the signed
// steps, the rotas and the clock, like an escalation (escalation.ts).
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { onCallGroup } from '#lib/core/access/on-call'
import { onCallMailboxes, type Rota } from '#lib/core/access/rota'
import { type ApprovalClock, secondsOn, timeOn } from './approval-clock.ts'
import { groupsAfter, openSteps } from './escalation.ts'
import type { StepState } from './resolve.ts'

/** `to`: the mailboxes (same-person.ts) of those who came on call. */
export type Handover = { rota: string; to: string[] }

export type HandoverFacts = {
  clock: ApprovalClock
  now: Date
  rotas: readonly Rota[]
  /** The mailboxes of those who were notified of the request already. */
  notified: readonly string[]
  /** Is the configuration that of the submission? Another one may say something else about the time since. */
  isSamePolicy: boolean
  /** Do people receive mails or direct messages? Otherwise `notified` does not know them. */
  isMailed: boolean
}

/** Since when a step waits for this group: its submission, or the escalation that added the group. */
function waitsSince({ groups, escalate = [] }: ApprovalStep, group: string, clock: ApprovalClock): Date | null {
  if (groups.includes(group)) return clock.submittedAt
  const level = escalate.find((one) => one.groups.includes(group))
  return level ? timeOn(clock, level.after) : null
}

/** Those who are on call now for a step that is not complete, and were not when it began to wait for them. */
export function handoversOf(
  steps: readonly ApprovalStep[],
  states: readonly StepState[],
  { clock, now, rotas, notified, isSamePolicy, isMailed }: HandoverFacts,
): Handover[] {
  const open = openSteps(steps, states)
  return rotas.flatMap(({ name, rotation }) => {
    const group = onCallGroup(name)
    const waiting = open.filter((step) => groupsAfter(step, secondsOn(clock, now)).includes(group))
    if (waiting.length === 0) return []
    // What a rota says now about an earlier moment can be a later change: who was notified is better known, where people are.
    const isPastKnown = (rotation !== undefined && isSamePolicy) || !isMailed
    const earlier = waiting.flatMap((step) => {
      const since = isPastKnown ? waitsSince(step, group, clock) : null
      return since ? onCallMailboxes(rotas, [group], since) : []
    })
    const to = onCallMailboxes(rotas, [group], now).filter((one) => ![...notified, ...earlier].includes(one))
    return to.length > 0 ? [{ rota: name, to: [...new Set(to)] }] : []
  })
}
