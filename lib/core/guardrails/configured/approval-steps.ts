// Which approvals do an entitlement and the guardrails require together?
import { type ApprovalStep, type FollowUps, followUpsOf } from '#lib/core/access/entitlement'
import { isUnrouted, writtenKey } from '#lib/core/access/routing'

/** From when on the groups of each level may approve. */
const timesOf = ({ escalate = [] }: FollowUps) => {
  const times = new Map<string, number>()
  // In the order in which they happen, so that the first level of a group counts.
  for (const { after, groups } of escalate) for (const group of groups) if (!times.has(group)) times.set(group, after)
  return times
}

/**
 * Of two steps that need the same groups: an escalation answers for both, so it happens only to those whom both name, at the later of the
 * two times. Reminders are sent at the earlier one.
 */
export function followUpsOfBoth(a: FollowUps, b: FollowUps): FollowUps {
  const [timesA, timesB] = [timesOf(a), timesOf(b)]
  const byTime = new Map<number, string[]>()
  for (const [group, after] of timesA) {
    const other = timesB.get(group)
    if (other === undefined) continue
    const later = Math.max(after, other)
    byTime.set(later, [...(byTime.get(later) ?? []), group])
  }
  const escalate = [...byTime].sort(([x], [y]) => x - y).map(([after, groups]) => ({ after, groups }))
  const reminders = [a, b].flatMap(({ remindAfter }) => remindAfter ?? [])
  return followUpsOf({
    remindAfter: reminders.length > 0 ? Math.min(...reminders) : undefined,
    escalate: escalate.length > 0 ? escalate : undefined,
  })
}

const keyOf = (step: ApprovalStep) =>
  isUnrouted(step) ? writtenKey(step) : JSON.stringify([...new Set(step.groups)].sort())

type Routed = Pick<ApprovalStep, 'owners' | 'manager' | 'named' | 'namespaces' | 'unknown' | 'ownerLabels'>

/** How the owners or the manager got into the step; empty if it names only what is written. */
export const routedOf = (step: ApprovalStep | undefined): Routed => {
  if (!step?.owners && !step?.manager) return {}
  const { groups: _groups, count: _count, remindAfter: _remind, escalate: _escalate, ...routed } = step
  return routed
}

/** One step for each set of groups. Counts add up: a person counts once over all steps, so two equal steps are two people. */
export function countByGroups(steps: readonly ApprovalStep[]): Map<string, ApprovalStep> {
  const counted = new Map<string, ApprovalStep>()
  for (const step of steps) {
    const key = keyOf(step)
    const other = counted.get(key)
    const followUps = other ? followUpsOfBoth(step, other) : followUpsOf(step)
    const groups = [...new Set(step.groups)].sort()
    counted.set(key, {
      ...routedOf(step),
      ...routedOf(other),
      groups,
      count: step.count + (other?.count ?? 0),
      ...followUps,
    })
  }
  return counted
}

/**
 * The steps of the entitlement, and what guardrails require beyond them: more people of the same groups, other groups,
 * or at least `approvers` people in total, for which the count of the first step is raised. Without any step there is
 * none to raise: `judge` refuses such a request. A step that also answers for a guardrail escalates only as both say.
 */
export function approvalSteps(
  entitlement: readonly ApprovalStep[],
  requirements: { approvals: readonly ApprovalStep[]; approvers: number },
): ApprovalStep[] {
  const existing = countByGroups(entitlement)
  const required = countByGroups(requirements.approvals)
  const own = entitlement.map((step) => {
    const { remindAfter: _remind, escalate: _escalate, ...rest } = step
    const answersFor = required.get(keyOf(step))
    return answersFor ? { ...rest, ...followUpsOfBoth(step, answersFor) } : step
  })
  const added = requirements.approvals.flatMap((step) => {
    const other = existing.get(keyOf(step))
    const count = step.count - (other?.count ?? 0)
    const followUps = other ? followUpsOfBoth(step, other) : followUpsOf(step)
    return count > 0 ? [{ ...routedOf(step), groups: step.groups, count, ...followUps }] : []
  })
  const all = [...own, ...added]
  const missing = requirements.approvers - all.reduce((sum, { count }) => sum + count, 0)
  const [first, ...rest] = all
  return first && missing > 0 ? [{ ...first, count: first.count + missing }, ...rest] : all
}

/**
 * What guardrails require now, where a submitted step that is written the same keeps its owners and its manager: someone who was added
 * later has a say in later requests only. Who no longer is one has none in the submitted step either (current-steps.ts).
 */
export function asSubmitted<T extends Parameters<typeof approvalSteps>[1]>(
  requirements: T,
  submitted: readonly ApprovalStep[],
): T {
  const kept = new Map<ApprovalStep, ApprovalStep>()
  const others = requirements.approvals.filter((step) => {
    const isSame = (one: ApprovalStep) =>
      one.named !== undefined &&
      writtenKey(one) === writtenKey(step) &&
      (step.namespaces ?? []).every((namespace) => one.namespaces?.includes(namespace))
    const same = step.named && submitted.find(isSame)
    if (!same) return true
    // Namespaces with one set of owners may have two by now: the one step answered for both.
    const count = Math.max(step.count, kept.get(same)?.count ?? 0)
    kept.set(same, { ...routedOf(same), groups: same.groups, count, ...followUpsOf(step) })
    return false
  })
  return { ...requirements, approvals: [...others, ...kept.values()] }
}

/** The steps, or further people of a step, that guardrails require beyond `steps`. Empty if the steps are enough. */
export function missingSteps(
  steps: readonly ApprovalStep[],
  requirements: Parameters<typeof approvalSteps>[1],
): ApprovalStep[] {
  const existing = countByGroups(steps)
  const required = asSubmitted(requirements, steps)
  return [...countByGroups(approvalSteps(steps, required))].flatMap(([key, { groups, count }]) => {
    const missing = count - (existing.get(key)?.count ?? 0)
    return missing > 0 ? [{ groups, count: missing }] : []
  })
}
