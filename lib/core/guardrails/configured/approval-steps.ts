// Which approvals do an entitlement and the guardrails require together?
import type { ApprovalStep } from '#lib/core/access/entitlement'

/** One step for each set of groups. Counts add up: a person counts once over all steps, so two equal steps are two people. */
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
 * The steps of the entitlement, and what guardrails require beyond them: more people of the same groups, other groups,
 * or at least `approvers` people in total, for which the count of the first step is raised. Without any step there is
 * none to raise: `judge` refuses such a request.
 */
export function approvalSteps(
  entitlement: readonly ApprovalStep[],
  requirements: { approvals: readonly ApprovalStep[]; approvers: number },
): ApprovalStep[] {
  const existing = countByGroups(entitlement)
  const added = requirements.approvals.flatMap((step) => {
    const key = JSON.stringify([...new Set(step.groups)].sort())
    const count = step.count - (existing.get(key)?.count ?? 0)
    return count > 0 ? [{ groups: step.groups, count }] : []
  })
  const all = [...entitlement, ...added]
  const missing = requirements.approvers - all.reduce((sum, { count }) => sum + count, 0)
  const [first, ...rest] = all
  return first && missing > 0 ? [{ ...first, count: first.count + missing }, ...rest] : all
}

/** The steps, or further people of a step, that guardrails require beyond `steps`. Empty if the steps are enough. */
export function missingSteps(
  steps: readonly ApprovalStep[],
  requirements: Parameters<typeof approvalSteps>[1],
): ApprovalStep[] {
  const existing = countByGroups(steps)
  return [...countByGroups(approvalSteps(steps, requirements))].flatMap(([key, { groups, count }]) => {
    const missing = count - (existing.get(key)?.count ?? 0)
    return missing > 0 ? [{ groups, count: missing }] : []
  })
}
