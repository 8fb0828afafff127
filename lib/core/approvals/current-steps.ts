// Which approval steps count now? The configuration may have changed since the request was submitted.
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import { type RoutedFacts, type Routing, routeSteps } from '#lib/core/access/routing'
import { allGroups } from './escalation.ts'

type SubmittedSteps = {
  cluster: string
  requester: RoutedFacts['requester']
  /** The steps when the request was submitted: those of the entitlement and those that guardrails added. */
  steps: readonly ApprovalStep[]
  /** The entitlement when the request was submitted. */
  entitlement: Pick<Entitlement, 'approvals'>
}

/** A step is the same as when the configuration wrote it, with any owners and any manager. */
const keyOf = ({ groups, named, owners, manager }: ApprovalStep) =>
  JSON.stringify([[...new Set(named ?? groups)].sort(), owners ?? false, manager ?? false])

/** The steps that guardrails added at submission: those whose groups the entitlement did not name itself. */
export function addedSteps({ steps, entitlement }: Pick<SubmittedSteps, 'steps' | 'entitlement'>): ApprovalStep[] {
  const own = new Set(entitlement.approvals.map(keyOf))
  return steps.filter((step) => !own.has(keyOf(step)))
}

/**
 * The steps whose groups may decide now: the current steps of the entitlement, so that removing a group takes effect at
 * once, and the steps that guardrails added at submission. NB: keeping the latter is safe. If the guardrail has
 * changed, its current steps are required too, so the old group alone approves nothing.
 * @param current the current steps of the entitlement; null if the entitlement was removed
 * @param routing who the owners and managers are now
 */
export function currentApprovalSteps(
  submitted: SubmittedSteps,
  current: readonly ApprovalStep[] | null,
  routing: Routing,
): ApprovalStep[] | null {
  if (!current) return null
  // NB: the namespaces of the submission, which the steps have. An approver may have narrowed those of the request.
  const namespaces = [...new Set(submitted.steps.flatMap((step) => step.namespaces ?? []))]
  const { cluster, requester } = submitted
  return [...routeSteps(current, { cluster, namespaces, requester }, routing), ...addedSteps(submitted)]
}

/**
 * The submitted steps without those who are no longer owners of a step's own namespaces, or no longer the manager. NB: each step
 * for itself: an owner of another namespace, or someone whom another step names, doesn't answer for this one.
 */
export const stepsAsRouted = (
  { steps, cluster, requester }: Pick<SubmittedSteps, 'steps' | 'cluster' | 'requester'>,
  routing: Routing,
): ApprovalStep[] =>
  steps.map((step) => {
    const { named, namespaces = [] } = step
    if (!named) return step
    // Namespaces with the same owners may have come apart: who owns only some of them doesn't answer for all.
    const now = routeSteps([{ ...step, groups: named }], { cluster, namespaces, requester }, routing)
    return { ...step, groups: step.groups.filter((group) => now.every((one) => one.groups.includes(group))) }
  })

/** Only a person's groups that a current step names count for this request. */
export function groupsThatCount(
  groups: readonly string[],
  submitted: SubmittedSteps,
  current: readonly ApprovalStep[],
  routing: Routing,
): readonly string[] {
  // If the entitlement no longer needs any approval, the approvals that it needed at submission still count.
  if (current.length === 0) return groups
  const named = new Set(currentApprovalSteps(submitted, current, routing)?.flatMap(allGroups))
  return groups.filter((group) => named.has(group))
}
