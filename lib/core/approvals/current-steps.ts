// Which approval steps count now? The configuration may have changed since the request was submitted.
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import type { NamespaceLabels } from '#lib/core/access/owner-labels'
import {
  type RequiringGuardrail,
  type RoutedFacts,
  type Routing,
  requiredStepsOf,
  routeSteps,
  writtenKey,
} from '#lib/core/access/routing'
import { allGroups } from './escalation.ts'

type SubmittedSteps = {
  cluster: string
  requester: RoutedFacts['requester']
  /** The steps when the request was submitted: those of the entitlement and those that guardrails added. */
  steps: readonly ApprovalStep[]
  /** The entitlement when the request was submitted. */
  entitlement: Pick<Entitlement, 'approvals'>
}

/** Who the owners and managers are now, and what guardrails can require. */
type CurrentRouting = Routing & { guardrails?: readonly RequiringGuardrail[] }

/** The labels that named owners at the submission. A namespace that got another label since then gets no other owners. */
const labelsOf = (steps: readonly ApprovalStep[]): ReadonlyMap<string, NamespaceLabels> =>
  new Map(
    steps
      .flatMap(({ ownerLabels = {} }) => Object.entries(ownerLabels))
      .map(([namespace, labels]) => [namespace, { labels }]),
  )

/** The steps without the labels that a namespace no longer has: whom only these named is no longer an owner. */
export const withLabelsStillSet = (
  steps: readonly ApprovalStep[],
  namespaces: readonly { name: string; labels: Readonly<Record<string, string>> }[],
): ApprovalStep[] =>
  steps.map((step) => {
    if (!step.ownerLabels) return step
    const now = new Map(namespaces.map(({ name, labels }) => [name, labels]))
    const still = Object.entries(step.ownerLabels).map(([namespace, labels]) => {
      const set = Object.entries(labels).filter(([label, value]) => now.get(namespace)?.[label] === value)
      return [namespace, Object.fromEntries(set)]
    })
    return { ...step, ownerLabels: Object.fromEntries(still) }
  })

/** The steps that guardrails added at submission: those whose groups the entitlement did not name itself. */
export function addedSteps({ steps, entitlement }: Pick<SubmittedSteps, 'steps' | 'entitlement'>): ApprovalStep[] {
  const own = new Set(entitlement.approvals.map(writtenKey))
  return steps.filter((step) => !own.has(writtenKey(step)))
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
  const labels = labelsOf(submitted.steps)
  return [...routeSteps(current, { cluster, namespaces, requester, labels }, routing), ...addedSteps(submitted)]
}

/** How much two steps have in common. */
const similarity = (a: ApprovalStep, b: ApprovalStep): number =>
  new Set(allGroups(a)).intersection(new Set(allGroups(b))).size +
  Number(a.owners === true && b.owners === true) +
  Number(a.manager === true && b.manager === true)

/**
 * Which current step each step of an earlier configuration has become: the one that is written the same, or else the one that has
 * most in common with it, and of several the one in the same place. One that was removed has become none.
 */
function successorsOf(
  before: readonly ApprovalStep[],
  current: readonly ApprovalStep[],
): ReadonlyMap<ApprovalStep, ApprovalStep> {
  const pairs = before.flatMap((step, index) =>
    current.map((now, place) => ({
      ...{ step, now, isSame: Number(writtenKey(step) === writtenKey(now)) },
      ...{ similarity: similarity(step, now), distance: Math.abs(index - place) },
    })),
  )
  pairs.sort((a, b) => b.isSame - a.isSame || b.similarity - a.similarity || a.distance - b.distance)
  const found = new Map<ApprovalStep, ApprovalStep>()
  const taken = new Set<ApprovalStep>()
  for (const { step, now } of pairs) {
    if (found.has(step) || taken.has(now)) continue
    found.set(step, now)
    taken.add(now)
  }
  return found
}

const setOf = (groups: readonly string[]) => JSON.stringify([...new Set(groups)].sort())

/**
 * Do the guardrails of today let this step escalate to the group? Computed groups can be those of any step. What no guardrail
 * requires any more keeps what it had: the policy became less strict.
 */
function mayEscalateTo(submitted: ApprovalStep, group: string, routing: CurrentRouting): boolean {
  const required = requiredStepsOf(routing).filter(
    (step) =>
      !('groups' in step) ||
      setOf(step.groups) === setOf(submitted.groups) ||
      writtenKey(step) === writtenKey(submitted),
  )
  const levels = required.flatMap(({ escalate = [] }) => escalate)
  return required.length === 0 || levels.some((level) => level.groups.includes(group))
}

/**
 * The submitted steps, each with only those groups that may still approve this very step: the ones that its successor in the current
 * configuration names, and of owners and managers those who still are. NB: each step for itself. A group that was moved to
 * another step, an owner of another namespace, or someone whom another step names doesn't answer for this one.
 * @param current the current steps of the entitlement; null if the entitlement was removed
 */
export function stepsThatCount(
  { steps, entitlement: { approvals: before }, cluster, requester }: SubmittedSteps,
  current: readonly ApprovalStep[] | null,
  routing: CurrentRouting,
): ApprovalStep[] {
  const successors = successorsOf(before, current ?? [])
  return steps.map((step) => {
    const { named, namespaces = [], escalate } = step
    const own = before.filter((one) => writtenKey(one) === writtenKey(step))
    const now = own.flatMap((one) => successors.get(one) ?? [])
    // A step that was removed, or added by a guardrail, is compared with itself: its owners may have changed.
    const compared = now.length > 0 ? now : named ? [{ ...step, groups: named }] : []
    // Namespaces with the same owners may have come apart: who owns only some of them doesn't answer for all.
    const labels = labelsOf([step])
    const routed = routeSteps(compared, { cluster, namespaces, requester, labels }, routing).map(allGroups)
    const still = (groups: readonly string[]) => groups.filter((group) => routed.every((all) => all.includes(group)))
    const isAdded = own.length === 0
    const levels = escalate?.map(({ after, groups }) => ({
      after,
      groups: still(groups).filter((group) => !isAdded || mayEscalateTo(step, group, routing)),
    }))
    return {
      ...{ ...step, groups: still(step.groups) },
      ...(levels ? { escalate: levels.filter(({ groups }) => groups.length > 0) } : {}),
    }
  })
}

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
