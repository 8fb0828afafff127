// Which approval steps count now? The configuration may have changed since the request was submitted.
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import { allGroups } from './escalation.ts'

type SubmittedSteps = {
  /** The steps when the request was submitted: those of the entitlement and those that guardrails added. */
  steps: readonly ApprovalStep[]
  /** The entitlement when the request was submitted. */
  entitlement: Pick<Entitlement, 'approvals'>
}

const keyOf = ({ groups }: ApprovalStep) => JSON.stringify([...new Set(groups)].sort())

/** The steps that guardrails added at submission: those whose groups the entitlement did not name itself. */
export function addedSteps({ steps, entitlement }: SubmittedSteps): ApprovalStep[] {
  const own = new Set(entitlement.approvals.map(keyOf))
  return steps.filter((step) => !own.has(keyOf(step)))
}

/**
 * The steps whose groups may decide now: the current steps of the entitlement, so that removing a group takes effect at
 * once, and the steps that guardrails added at submission. NB: keeping the latter is safe. If the guardrail has
 * changed, its current steps are required too, so the old group alone approves nothing.
 * @param current the current steps of the entitlement; null if the entitlement was removed
 */
export const currentApprovalSteps = (
  submitted: SubmittedSteps,
  current: readonly ApprovalStep[] | null,
): ApprovalStep[] | null => current && [...current, ...addedSteps(submitted)]

/** Only a person's groups that a current step names count for this request. */
export function groupsThatCount(
  groups: readonly string[],
  submitted: SubmittedSteps,
  current: readonly ApprovalStep[],
): readonly string[] {
  // If the entitlement no longer needs any approval, the approvals that it needed at submission still count.
  if (current.length === 0) return groups
  const named = new Set(currentApprovalSteps(submitted, current)?.flatMap(allGroups))
  return groups.filter((group) => named.has(group))
}
