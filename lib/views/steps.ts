import { toPersonResource } from '#lib/adapters/db/people/people'
import type { PeopleOfGroups } from '#lib/adapters/db/requests/gather-requests'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person } from '#lib/core/access/actor'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import type { StepResource } from '#lib/core/access/step-resource'
import { currentApprovalSteps } from '#lib/core/approvals/current-steps'
import { mayDecide } from '#lib/core/approvals/may-decide'
import { type DecisionFacts, resolve } from '#lib/core/approvals/resolve'

/** More than this many names do not help anybody to find somebody who is awake. */
const mostEligible = 20

export type StepFacts = {
  requester: Person
  steps: readonly ApprovalStep[]
  /** Whose groups may decide now: see `currentApprovalSteps`. */
  currentSteps: readonly ApprovalStep[] | null
  /** Is it still open? Then who could say yes is listed, besides who has. */
  isOpen: boolean
  decisions: ReadonlyArray<{ decision: 'approve' | 'deny'; person: Person; groups: readonly string[] }>
}

type StoredStepsRow = { entitlementName: string; steps: unknown; entitlement: { document: unknown } }

/** The steps of a stored request whose groups may decide now; null where its entitlement is not there any more. */
export function currentStepsOf(row: StoredStepsRow): ApprovalStep[] | null {
  const { entitlements } = currentPolicy().configuration
  const current = entitlements.find(({ name }) => name === row.entitlementName)
  const asked = { steps: row.steps as ApprovalStep[], entitlement: row.entitlement.document as Entitlement }
  return currentApprovalSteps(asked, current?.approvals ?? null)
}

/** Does the configuration say that the provider gives each person one subject? */
export const isOneSubjectPerPerson = (): boolean => currentPolicy().configuration.identity.oneSubjectPerPerson

/** Each step with who stands for it and who still could. The same rule says who could as refuses those who may not. */
export function toSteps(facts: StepFacts, people: PeopleOfGroups): StepResource[] {
  const { requester, steps, currentSteps, isOpen, decisions } = facts
  const byId = new Map(decisions.map(({ person }) => [person.id as string, toPersonResource(person)]))
  const decided = decisions.map(({ person }) => person)
  // While it is open a lost group takes effect; what was decided stays as it was decided.
  const said: DecisionFacts[] = decisions.map(({ decision, person, groups }) => {
    return { decision, personId: person.id, groups: isOpen ? person.groups : groups }
  })
  return resolve(steps, said).steps.map(({ groups, count, approvedBy }) => {
    const step = [{ groups, count }]
    const couldDecide = (person: Person) =>
      mayDecide({
        ...{ person, requester, status: 'pending', steps: step, currentSteps, decided },
        isOneSubjectPerPerson: isOneSubjectPerPerson(),
      }).may
    const eligible = isOpen ? people.inSet(groups).filter(couldDecide) : []
    return {
      groups,
      count,
      approvedBy: approvedBy.flatMap((id) => byId.get(id) ?? []),
      eligible: eligible.slice(0, mostEligible).map(toPersonResource),
    }
  })
}
