// Who is notified, and who no longer? Checked twice: when a notice is written, and right before it is sent.

import { hasGroupInCommon } from '#lib/core/access/absence'
import type { Person } from '#lib/core/access/actor'
import { type ApprovalStep, isAmong, type Who } from '#lib/core/access/entitlement'
import { onCallGroup } from '#lib/core/access/on-call'
import { hasVerifiedEmail, isSamePerson, mailboxOf } from '#lib/core/access/same-person'
import type { RequestStatus } from '#lib/core/access/status'
import { mayDecide } from '#lib/core/approvals/may-decide'
import type { NoticeKind } from './kinds.ts'

/**
 * Days. The identity provider does not say when someone leaves, so people whose groups it has not confirmed for this long
 * are not notified about requests of others.
 */
export const groupsCountForDays = 30

export type Situation = {
  requester: Person
  status: RequestStatus
  /** As they are now (`stepsAt` in lib/core/approvals/escalation.ts). */
  steps: readonly ApprovalStep[]
  /** See `currentApprovalSteps`. */
  currentSteps: readonly ApprovalStep[] | null
  decided: readonly Person[]
  /** Is it about an approval that no person gave? The beginning of the access says it. */
  isAutomatic: boolean
  isOneSubjectPerPerson: boolean
  /** The groups that are told of break-glass access and may review it; empty for any other. */
  reviewers: readonly string[]
  isReviewed: boolean
  /** Null before there is a grant, or where its end is not confirmed. */
  grantStatus: 'pending' | 'active' | 'ending' | 'ended' | null
  expiresAt: Date | null
  /** Did access ever begin? */
  hasBegun: boolean
  /** `roles.admin` of the configuration. */
  admins: Who | undefined
  /** `roles.auditor` of the configuration. */
  auditors: Who | undefined
  /** The person whose act it is about; null for Postern itself. */
  actorId: string | null
  /** The groups that an escalation added; empty for any other event. */
  escalatedTo: readonly string[]
  /** The rota whose handover it is about, and the mailboxes (same-person.ts) of those who came on call; null for any other event. */
  handover: { rota: string; to: readonly string[] } | null
  /** Who wrote the comment that the notice is about, and the approvers who have commented; null for any other event. */
  comment: { isByRequester: boolean; approverIds: readonly string[] } | null
  /** The people who were notified that the request waits, or are about to be. */
  notifiedThatItWaits: readonly string[]
  now: Date
}

export type Recipient = { person: Person; groupsAt: Date }

const isIn = (person: Person, groups: readonly string[]) => groups.some((group) => person.groups.includes(group))

/** May this person decide the request now? The same rule as for the inbox and for a decision. */
const isDecider = ({ person }: Recipient, situation: Situation) =>
  mayDecide({
    ...{ person, requester: situation.requester, status: situation.status },
    ...{ steps: situation.steps, currentSteps: situation.currentSteps, decided: situation.decided },
    isOneSubjectPerPerson: situation.isOneSubjectPerPerson,
  }).may

/** May this person still read the request as one of its approvers? */
const isApproverStill = ({ person }: Recipient, { steps, currentSteps }: Situation) =>
  isIn(
    person,
    [...steps, ...(currentSteps ?? [])].flatMap(({ groups }) => groups),
  )

/** Did this person come on call with that handover, and are they still? */
const cameOnCall = (person: Person, { handover }: Situation) =>
  handover !== null &&
  isIn(person, [onCallGroup(handover.rota)]) &&
  handover.to.includes(mailboxOf(person.email ?? '') ?? '')

/** The approvers who talk with the requester; while none does, everyone who may decide the request. */
function readsComment(recipient: Recipient, situation: Situation): boolean {
  const { comment, requester } = situation
  if (!comment || isSamePerson(recipient.person, requester)) return false
  if (comment.approverIds.length > 0)
    return comment.approverIds.includes(recipient.person.id) && isApproverStill(recipient, situation)
  return comment.isByRequester && isDecider(recipient, situation)
}

/** Is it still so? What is late and no longer true is not notified to anyone. */
export function isCurrent(kind: NoticeKind, situation: Situation): boolean {
  const { status, grantStatus, expiresAt, hasBegun, now } = situation
  switch (kind) {
    case 'request-waits':
    case 'request-reminder':
    case 'request-escalated':
    case 'request-handed-over':
    case 'comment-added':
      return status === 'pending'
    case 'request-decided':
      return !situation.isAutomatic
    case 'access-began':
      return grantStatus === 'active'
    case 'access-ends-soon':
      return grantStatus === 'active' && expiresAt !== null && expiresAt > now
    case 'access-ended':
      return grantStatus === 'ended' && hasBegun
    case 'end-failed':
      return grantStatus === 'ending'
    case 'review-due':
      return !situation.isReviewed
    default:
      return true
  }
}

/**
 * Is this colleague notified instead of someone who is away? Only if they may know it anyway: who may decide or read the request
 * does not change. Notices about one's own access stay with their holder.
 */
export function isNotifiedInstead(
  kind: NoticeKind,
  colleague: Recipient,
  away: Recipient,
  situation: Situation,
): boolean {
  const { person } = colleague
  const { requester, actorId } = situation
  if (away.person.id === requester.id || !isNotified(kind, away, situation)) return false
  if (isSamePerson(person, requester) || !hasGroupInCommon(person, away.person)) return false
  if (kind !== 'comment-added' && kind !== 'request-decided') return isNotified(kind, colleague, situation)
  return person.id !== actorId && isReachable(colleague, situation) && isApproverStill(colleague, situation)
}

const isReachable = ({ person, groupsAt }: Recipient, { now }: Situation) =>
  hasVerifiedEmail(person) && now.getTime() - groupsAt.getTime() < groupsCountForDays * 86_400_000

/** Is this person notified? Only at an e-mail address that the identity provider has verified. */
export function isNotified(kind: NoticeKind, recipient: Recipient, situation: Situation): boolean {
  const { person, groupsAt } = recipient
  if (!hasVerifiedEmail(person) || !isCurrent(kind, situation)) return false
  const isHolder = person.id === situation.requester.id
  const areGroupsKnown = situation.now.getTime() - groupsAt.getTime() < groupsCountForDays * 86_400_000
  switch (kind) {
    case 'request-waits':
    case 'request-reminder':
      return areGroupsKnown && isDecider(recipient, situation)
    case 'request-escalated':
      return areGroupsKnown && isIn(person, situation.escalatedTo) && isDecider(recipient, situation)
    case 'request-handed-over':
      return areGroupsKnown && cameOnCall(person, situation) && isDecider(recipient, situation)
    case 'comment-added':
      if (person.id === situation.actorId) return false
      return isHolder || (areGroupsKnown && readsComment(recipient, situation))
    case 'request-decided':
      if (person.id === situation.actorId) return false
      if (isHolder) return true
      return (
        areGroupsKnown && situation.notifiedThatItWaits.includes(person.id) && isApproverStill(recipient, situation)
      )
    case 'break-glass-used':
    case 'review-due':
      // Someone with a second account is told nothing that their first one isn't.
      return areGroupsKnown && !isSamePerson(person, situation.requester) && isIn(person, situation.reviewers)
    case 'access-revoked':
      return isHolder && person.id !== situation.actorId
    case 'end-failed':
      return isHolder || (areGroupsKnown && situation.admins !== undefined && isAmong(situation.admins, person))
    case 'suspicious-call':
      // Not its holder, who may be the one to be found out.
      return areGroupsKnown && [situation.admins, situation.auditors].some((who) => who && isAmong(who, person))
    default:
      return isHolder
  }
}
