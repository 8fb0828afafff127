// Is a request approved, denied or still pending, given its decisions? Who counts for which step?
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { groupsAfter } from './escalation.ts'

export type DecisionFacts = {
  personId: string
  decision: 'approve' | 'deny'
  groups: readonly string[]
  /** Seconds from the submission to the decision. Without it, no escalation counts. */
  afterSeconds?: number
}

export type StepState = { groups: string[]; count: number; approvedBy: string[] }

export type Resolution = { outcome: 'approved' | 'denied' | 'pending'; steps: StepState[] }

const canApprove = (approval: DecisionFacts, step: ApprovalStep) =>
  groupsAfter(step, approval.afterSeconds ?? 0).some((group) => approval.groups.includes(group))

/** The first approval of each person, in the given order: two approvals by one person count once. */
function approvalsOf(decisions: readonly DecisionFacts[]): DecisionFacts[] {
  const byPerson = new Map<string, DecisionFacts>()
  for (const decision of decisions) {
    if (decision.decision === 'approve' && !byPerson.has(decision.personId)) byPerson.set(decision.personId, decision)
  }
  return [...byPerson.values()]
}

/**
 * Assigns each approver to at most one step so that as many required approvals as possible are filled: a maximum
 * bipartite matching by augmenting paths (Kuhn). An approver in two groups may have to move to the other step when the
 * next one can only approve the first; a greedy assignment would leave a step open that could be filled.
 */
function assign(steps: readonly ApprovalStep[], approvals: readonly DecisionFacts[]): DecisionFacts[][] {
  const assigned: DecisionFacts[][] = steps.map(() => [])
  const place = (approval: DecisionFacts, tried: Set<number>): boolean => {
    for (const [index, step] of steps.entries()) {
      const here = assigned[index] ?? []
      if (tried.has(index) || !canApprove(approval, step)) continue
      tried.add(index)
      if (here.length < step.count) {
        here.push(approval)
        return true
      }
      const moving = here.findIndex((other) => place(other, tried))
      if (moving >= 0) {
        here.splice(moving, 1, approval)
        return true
      }
    }
    return false
  }
  for (const approval of approvals) {
    if (place(approval, new Set())) continue
    // An approval that is not needed is still shown, at the first step that it could fill.
    const spare = steps.findIndex((step) => canApprove(approval, step))
    assigned[spare]?.push(approval)
  }
  return assigned
}

/**
 * One denial denies a request, whatever else was decided. Otherwise it is approved once every step has approvals by at
 * least `count` different people of its groups; each person counts for one step only, even if they are in the groups of
 * several. A request without steps is approved without anyone.
 * @param decisions oldest first, each with the groups that count for the person: a caller passes the current groups
 * where losing a group has to take effect
 */
export function resolve(steps: readonly ApprovalStep[], decisions: readonly DecisionFacts[]): Resolution {
  const assigned = assign(steps, approvalsOf(decisions))
  const states = steps.map((step, index) => ({
    groups: step.groups,
    count: step.count,
    approvedBy: (assigned[index] ?? []).map((approval) => approval.personId),
  }))
  if (decisions.some((decision) => decision.decision === 'deny')) return { outcome: 'denied', steps: states }
  const isComplete = states.every((state) => state.approvedBy.length >= state.count)
  return { outcome: isComplete ? 'approved' : 'pending', steps: states }
}
