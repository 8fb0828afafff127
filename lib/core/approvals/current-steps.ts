// Whose word counts for a request now? The configuration may have changed since it was asked.
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'

type Asked = {
  /** As snapshot when it was asked: the entitlement's, and what guardrails wanted besides. */
  steps: readonly ApprovalStep[]
  /** As it stood then. */
  entitlement: Pick<Entitlement, 'approvals'>
}

const keyOf = ({ groups }: ApprovalStep) => JSON.stringify([...new Set(groups)].sort())

/** The steps that guardrails added when this was asked: those whose groups the entitlement did not name by itself. */
export function addedSteps({ steps, entitlement }: Asked): ApprovalStep[] {
  const own = new Set(entitlement.approvals.map(keyOf))
  return steps.filter((step) => !own.has(keyOf(step)))
}

/**
 * The steps whose groups may decide now: those of the entitlement as it is now, so that a right that was taken away is
 * gone at once, and those that guardrails added. A group that a guardrail named stands for its own step only: where the
 * guardrail has changed since, what it wants now is wanted besides, so nothing is approved by the old group alone.
 * @param current the entitlement's steps now; null where it is not there any more
 */
export const currentApprovalSteps = (asked: Asked, current: readonly ApprovalStep[] | null): ApprovalStep[] | null =>
  current && [...current, ...addedSteps(asked)]

/** Of a person's groups, those that count for this request now. */
export function groupsThatCount(
  groups: readonly string[],
  asked: Asked,
  current: readonly ApprovalStep[],
): readonly string[] {
  // An entitlement that needs nobody by now takes nothing away from those who approved it when it did.
  if (current.length === 0) return groups
  const named = new Set(currentApprovalSteps(asked, current)?.flatMap((step) => step.groups))
  return groups.filter((group) => named.has(group))
}
