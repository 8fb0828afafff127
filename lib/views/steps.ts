import { toPersonResource } from '#lib/adapters/db/people/people'
import { currentPolicy } from '#lib/adapters/policy/current'
import { hasGroupInCommon } from '#lib/core/access/absence'
import type { Person } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import { groupsStillCounting, isOnCallGroup } from '#lib/core/access/on-call'
import type { EligiblePerson, EscalationResource, StepResource } from '#lib/core/access/step-resource'
import { type ApprovalClock, runningClock, secondsOn, timeOn } from '#lib/core/approvals/approval-clock'
import { currentApprovalSteps, stepsThatCount } from '#lib/core/approvals/current-steps'
import { allGroups, groupsAfter, stepsAt } from '#lib/core/approvals/escalation'
import { mayDecide } from '#lib/core/approvals/may-decide'
import { type DecisionFacts, resolve } from '#lib/core/approvals/resolve'
import type { PeopleOfSteps } from './people-of-steps.ts'

/** More names than this do not help to find an approver who is awake. */
const mostEligible = 20

export type StepFacts = {
  requester: Person
  steps: readonly ApprovalStep[]
  /** Whose groups may decide now: see `currentApprovalSteps`. */
  currentSteps: readonly ApprovalStep[] | null
  /** Is the request pending? Then the people who could approve are listed too. */
  isOpen: boolean
  /** Null before the submission. */
  clock: ApprovalClock | null
  /** Which groups the request is shown to: those of an escalation after it has happened. */
  approverGroups: readonly string[]
  decisions: ReadonlyArray<{ decision: 'approve' | 'deny'; person: Person; groups: readonly string[]; createdAt: Date }>
}

type StoredStepsRow = {
  entitlementName: string
  steps: unknown
  entitlement: { document: unknown }
  cluster: string
  requester: { subject: string; email: string | null; emailVerified: boolean }
}

/** The approval steps whose groups may decide a stored request now; null if its entitlement no longer exists. */
export const currentStepsOf = (row: StoredStepsRow): ApprovalStep[] | null =>
  currentApprovalSteps(submittedOf(row), configuredStepsOf(row), currentPolicy().configuration)

const submittedOf = ({ steps, entitlement, cluster, requester }: StoredStepsRow) => ({
  ...{ steps: steps as ApprovalStep[], entitlement: entitlement.document as Entitlement, cluster, requester },
})

const configuredStepsOf = ({ entitlementName }: StoredStepsRow) =>
  currentPolicy().configuration.entitlements.find(({ name }) => name === entitlementName)?.approvals ?? null

/** The steps of a stored request: while it is pending, with the groups that may still approve each of them. */
export const stepsOf = (row: StoredStepsRow & { status: string }): ApprovalStep[] =>
  row.status === 'pending'
    ? stepsThatCount(submittedOf(row), configuredStepsOf(row), currentPolicy().configuration)
    : submittedOf(row).steps

/** Does the configuration say that the identity provider has one subject per person? */
export const isOneSubjectPerPerson = (): boolean => currentPolicy().configuration.identity.oneSubjectPerPerson

const onCallFirst = (a: EligiblePerson, b: EligiblePerson) => Number(b.isOnCall) - Number(a.isOnCall)

/** The escalations of a step: those that happened, and those that will if no one completes it. */
function escalationsOf(
  { escalate = [] }: ApprovalStep,
  clock: ApprovalClock,
  { approverGroups }: Pick<StepFacts, 'approverGroups'>,
  now: Date,
): EscalationResource[] {
  return escalate.flatMap(({ after, groups }) => {
    // It has no time while the clock is stopped.
    const at = timeOn(clock, after)
    if (!at) return []
    const isDone = at <= now && groups.every((group) => approverGroups.includes(group))
    // A worker escalates within seconds; one that did not happen by then found the step complete.
    const isMissed = at <= now && !isDone
    return isMissed ? [] : [{ groups, at: at.toISOString(), isDone }]
  })
}

/** Each step with its approvers and the people who could still approve it, by the rule that also refuses a decision. */
export function toSteps(facts: StepFacts, people: PeopleOfSteps): StepResource[] {
  const { requester, steps, currentSteps, isOpen, decisions } = facts
  const { now } = people
  const clock = facts.clock ?? runningClock(now)
  const seconds = secondsOn(clock, now)
  const byId = new Map(decisions.map(({ person }) => [person.id as string, toPersonResource(person)]))
  const decided = decisions.map(({ person }) => person)
  // While the request is pending a lost group takes effect; a resolved one keeps the groups of its decisions.
  const counted: DecisionFacts[] = decisions.map(({ decision, person, groups, createdAt: at }) => {
    const counting = isOpen ? groupsStillCounting(groups, person.groups) : groups
    return { decision, personId: person.id, groups: counting, afterSeconds: secondsOn(clock, at) }
  })
  const current = currentSteps && stepsAt(currentSteps, clock, now)
  return resolve(steps, counted).steps.map(({ groups, count, approvedBy }, index) => {
    const submitted = steps[index] ?? { groups, count }
    const step = [{ groups: groupsAfter(submitted, seconds), count }]
    const couldDecide = (person: Person) =>
      mayDecide({
        ...{ person, requester, status: 'pending', steps: step, currentSteps: current, decided },
        isOneSubjectPerPerson: isOneSubjectPerPerson(),
      }).may
    const toEligible = (person: Person): EligiblePerson => {
      const usual = people.usualSeconds(person.id)
      return {
        ...toPersonResource(person),
        isOnCall: person.groups.some((group) => isOnCallGroup(group) && step.some((one) => one.groups.includes(group))),
        usualTime: usual === null ? null : formatDuration(Math.max(1, Math.round(usual))),
        ...absenceOf(person),
        quietUntil: quietUntil(person),
      }
    }
    const eligible = isOpen ? people.inGroups(allGroups(submitted)).filter(couldDecide) : []
    // A person who is on call is notified at any hour (lib/worker/notices/deliver.ts).
    const quietUntil = ({ id, groups }: Person) => {
      const ends = groups.some(isOnCallGroup) ? null : people.quietUntil(id)
      return ends && new Date(ends).toISOString()
    }
    function absenceOf(person: Person): Pick<EligiblePerson, 'awayUntil' | 'notifiedInstead'> {
      const away = people.absence(person.id)
      const colleague = away && eligible.find(({ id }) => id === away.delegateId && !people.absence(id))
      const isInstead = colleague && hasGroupInCommon(colleague, person)
      return {
        awayUntil: away && new Date(away.until).toISOString(),
        notifiedInstead: isInstead ? toPersonResource(colleague) : null,
      }
    }
    const quiet = eligible.map(quietUntil)
    return {
      groups,
      count,
      unknown: submitted.unknown ?? [],
      approvedBy: approvedBy.flatMap((id) => byId.get(id) ?? []),
      eligible: eligible.map(toEligible).sort(onCallFirst).slice(0, mostEligible),
      quietUntil: quiet.includes(null) ? null : (quiet.sort()[0] ?? null),
      onCall: isOpen ? people.onCall(step.flatMap((one) => one.groups)) : [],
      unavailable: isOpen ? people.unavailable(step.flatMap((one) => one.groups)) : [],
      escalations: isOpen && facts.clock ? escalationsOf(submitted, facts.clock, facts, now) : [],
    }
  })
}
