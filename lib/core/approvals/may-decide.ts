// Who may approve or deny a request.
import type { ApprovalStep } from '#lib/core/access/entitlement'
import type { May } from '#lib/core/access/may'
import { type Identity, isSamePerson, wasEverVerified } from '#lib/core/access/same-person'
import type { RequestStatus } from '#lib/core/access/status'
import { selfApproval } from './no-self-approval.ts'

export type DecidingFacts = {
  person: Identity & { groups: readonly string[] }
  requester: Identity
  status: RequestStatus
  /** The submitted steps, as they are at this moment (`stepsAt` in escalation.ts). */
  steps: readonly ApprovalStep[]
  /**
   * The steps of the same entitlement in the current configuration at this moment, so that removing a group takes effect at once. Null
   * if the entitlement was removed: the groups of the submitted steps may then still deny, and the caller refuses any
   * approval.
   */
  currentSteps: readonly ApprovalStep[] | null
  /** Everyone who has already decided this request. */
  decided: readonly Identity[]
  /** `identity.oneSubjectPerPerson` of the configuration. */
  isOneSubjectPerPerson: boolean
}

export const notDecidingCodes = [
  'own-request',
  'not-an-approver',
  'not-pending',
  'already-decided',
  'unverified',
] as const
export type NotDecidingCode = (typeof notDecidingCodes)[number]

const whyNotPending: Record<Exclude<RequestStatus, 'pending'>, string> = {
  approved: 'This request already has every approval it needs.',
  denied: 'This request was already denied.',
  withdrawn: 'The requester withdrew this request.',
  lapsed: 'This request expired before it was decided.',
}

const isInGroupOf = (steps: readonly ApprovalStep[], groups: readonly string[]) =>
  steps.some((step) => step.groups.some((group) => groups.includes(group)))

/**
 * A person may decide a pending request once, if they are in a group that the request needs and that still may approve
 * it, and if they are not the requester. Their own request is refused first, so that the reason does not depend on
 * their groups. NB: the caller hides a request from people who may not know that it exists; this function does not.
 */
export function mayDecide(facts: DecidingFacts): May & { code?: NotDecidingCode } {
  const denied = (code: NotDecidingCode, why: string) => ({ may: false as const, why, code })
  const { person, requester, status, steps, currentSteps } = facts
  const self = selfApproval(person, requester, facts.isOneSubjectPerPerson)
  if (self === 'own-request') return denied(self, 'This is your own request. Someone else has to decide it.')
  if (!isInGroupOf(steps, person.groups) || (currentSteps && !isInGroupOf(currentSteps, person.groups))) {
    return denied('not-an-approver', 'You are not in a group that may decide this request.')
  }
  if (status !== 'pending') return denied('not-pending', whyNotPending[status])
  if (facts.decided.some((other) => isSamePerson(person, other))) {
    return denied('already-decided', 'You have already decided this request. Each person decides once.')
  }
  if (self === 'unverified') return denied(self, whyUnverified(person))
  return { may: true }
}

/** Could this person decide the request while it waits, if they had not decided it yet? */
export const couldDecide = (facts: Omit<DecidingFacts, 'status' | 'decided'>): boolean =>
  mayDecide({ ...facts, status: 'pending', decided: [] }).may

const whyUnverified = (person: Identity) =>
  !wasEverVerified(person)
    ? 'Your e-mail address is not verified, so this could be your own request. Verify it with your identity provider and sign in again.'
    : 'The requester’s e-mail address is not verified, so this could be your own request. They have to verify it with the identity provider, sign in again, and submit a new request.'
