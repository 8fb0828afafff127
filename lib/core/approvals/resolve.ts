// Given these decisions, is the request approved, denied or still open? And who stands for which step?
import type { ApprovalStep } from '#lib/core/access/entitlement'

export type DecisionFacts = { personId: string; decision: 'approve' | 'deny'; groups: readonly string[] }

export type StepState = { groups: string[]; count: number; approvedBy: string[] }

export type Resolution = { outcome: 'approved' | 'denied' | 'pending'; steps: StepState[] }

const canStandFor = (approval: DecisionFacts, step: ApprovalStep) =>
  step.groups.some((group) => approval.groups.includes(group))

/** The first yes of each person, in the order given: whoever decides twice counts once. */
function approvalsOf(decisions: readonly DecisionFacts[]): DecisionFacts[] {
  const byPerson = new Map<string, DecisionFacts>()
  for (const decision of decisions) {
    if (decision.decision === 'approve' && !byPerson.has(decision.personId)) byPerson.set(decision.personId, decision)
  }
  return [...byPerson.values()]
}

/**
 * Gives each person at most one step so that as many needed places as possible are filled: a maximum bipartite
 * matching by augmenting paths (Kuhn). A person in two groups may have to move to the other step when somebody comes
 * who can stand only for the first; taking people greedily would leave a place empty that need not be.
 */
function assign(steps: readonly ApprovalStep[], approvals: readonly DecisionFacts[]): DecisionFacts[][] {
  const assigned: DecisionFacts[][] = steps.map(() => [])
  const place = (approval: DecisionFacts, tried: Set<number>): boolean => {
    for (const [index, step] of steps.entries()) {
      const here = assigned[index] ?? []
      if (tried.has(index) || !canStandFor(approval, step)) continue
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
    // Nobody's yes disappears: one more than needed is shown at the first step it could stand for.
    const spare = steps.findIndex((step) => canStandFor(approval, step))
    assigned[spare]?.push(approval)
  }
  return assigned
}

/**
 * The state of a request by its decisions, oldest first. One no denies, whatever else was said. Otherwise approved when
 * every step has at least `count` distinct people of its groups; one person stands for one step only, even where they
 * are in the groups of several. No steps: approved without anyone.
 * @param decisions with the groups that count for each person: as they are now, where a lost group takes effect
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
