// May this person say yes or no to this request?
import { canTellApart, type Identity, isSamePerson, verifiedEmails } from '#lib/core/access/actor'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import type { May } from '#lib/core/access/resources'
import type { RequestStatus } from '#lib/core/access/status'

export type DecidingFacts = {
  person: Identity & { groups: readonly string[] }
  requester: Identity
  status: RequestStatus
  /** The steps as snapshot when the request was made. */
  steps: readonly ApprovalStep[]
  /**
   * The steps of the same entitlement as the configuration has them now, so that a right that was taken away is gone
   * at once. Null where the entitlement is no longer there: then the snapshot alone says who may still deny, and
   * whether approving is possible at all is for the caller to refuse.
   */
  currentSteps: readonly ApprovalStep[] | null
  /** Everybody who has decided this request already. */
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

const statusInWords: Record<Exclude<RequestStatus, 'pending'>, string> = {
  approved: 'It has every approval it needs already.',
  denied: 'It was denied already.',
  withdrawn: 'It was withdrawn by its requester.',
  lapsed: 'It lapsed: nobody decided in time.',
}

const isInGroupOf = (steps: readonly ApprovalStep[], groups: readonly string[]) =>
  steps.some((step) => step.groups.some((group) => groups.includes(group)))

/**
 * Whether the person may decide and, where not, why, for them to read. Own requests come first: nobody decides their
 * own, whatever groups they are in and however they signed in. `not-an-approver` says nothing that may not be known,
 * but whether its hearer may know of the request at all is for the caller.
 */
export function mayDecide(facts: DecidingFacts): May & { code?: NotDecidingCode } {
  const no = (code: NotDecidingCode, why: string) => ({ may: false as const, why, code })
  const { person, requester, status, steps, currentSteps } = facts
  if (isSamePerson(person, requester)) {
    return no('own-request', 'This is your own request: somebody else has to decide it.')
  }
  if (!isInGroupOf(steps, person.groups) || (currentSteps && !isInGroupOf(currentSteps, person.groups))) {
    return no('not-an-approver', 'You are in none of the groups that may decide this request.')
  }
  if (status !== 'pending') return no('not-pending', statusInWords[status])
  if (facts.decided.some((other) => isSamePerson(person, other))) {
    return no('already-decided', 'You have decided this request already: one person counts once.')
  }
  if (!canTellApart(person, requester, facts.isOneSubjectPerPerson)) return no('unverified', whyUndecided(person))
  return { may: true }
}

const whyUndecided = (person: Identity) =>
  verifiedEmails(person).length === 0
    ? 'The identity provider has verified no e-mail address of yours, so nobody can tell whether this is your own request. Have it verified, then sign in again.'
    : 'The identity provider has verified no e-mail address of whoever asked, so nobody can tell them from you. They have to have it verified, sign in again, and ask anew.'
