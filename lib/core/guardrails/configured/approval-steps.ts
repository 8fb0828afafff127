// Who must approve, when the entitlement and the guardrails have both said what they want?
import type { ApprovalStep } from '#lib/core/access/entitlement'

/**
 * One step for each set of groups, whatever their order, with the counts added up: one person counts once over all
 * steps, so two steps of the same groups are two people.
 */
export function countByGroups(steps: readonly ApprovalStep[]): Map<string, ApprovalStep> {
  const counted = new Map<string, ApprovalStep>()
  for (const { groups, count } of steps) {
    const sorted = [...new Set(groups)].sort()
    const key = JSON.stringify(sorted)
    counted.set(key, { groups: sorted, count: count + (counted.get(key)?.count ?? 0) })
  }
  return counted
}

/**
 * The steps of the entitlement, and besides them what the guardrails want more: more people of the same groups, other
 * groups, and at least `approvers` different people together, for which the first step is medium. Without any step
 * there is nobody to raise; `judge` has refused that.
 */
export function approvalSteps(
  entitlement: readonly ApprovalStep[],
  requirements: { approvals: readonly ApprovalStep[]; approvers: number },
): ApprovalStep[] {
  const there = countByGroups(entitlement)
  const added = requirements.approvals.flatMap((step) => {
    const key = JSON.stringify([...new Set(step.groups)].sort())
    const count = step.count - (there.get(key)?.count ?? 0)
    return count > 0 ? [{ groups: step.groups, count }] : []
  })
  const all = [...entitlement, ...added]
  const missing = requirements.approvers - all.reduce((sum, { count }) => sum + count, 0)
  const [first, ...rest] = all
  return first && missing > 0 ? [{ ...first, count: first.count + missing }, ...rest] : all
}

/**
 * What guardrails want by now and the steps do not hold: the steps to add, or the people to add to a step. Empty where
 * the steps are enough.
 */
export function missingSteps(
  steps: readonly ApprovalStep[],
  requirements: Parameters<typeof approvalSteps>[1],
): ApprovalStep[] {
  const there = countByGroups(steps)
  return [...countByGroups(approvalSteps(steps, requirements))].flatMap(([key, { groups, count }]) => {
    const more = count - (there.get(key)?.count ?? 0)
    return more > 0 ? [{ groups, count: more }] : []
  })
}
