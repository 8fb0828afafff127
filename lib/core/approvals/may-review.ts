// Who may review break-glass access.
import type { May } from '#lib/core/access/may'
import { type Identity, isSamePerson } from '#lib/core/access/same-person'
import type { GrantStatus } from '#lib/core/access/status'
import { selfApproval } from './no-self-approval.ts'

export type ReviewFacts = {
  person: Identity & { groups: readonly string[] }
  isAuditor: boolean
  requester: Identity
  /** Null: it was not break-glass access. */
  reviewDueAt: Date | null
  isReviewed: boolean
  grantStatus: GrantStatus | null
  /** Those of its submission: see `skippedGroups`. */
  groups: readonly string[]
  /** `identity.oneSubjectPerPerson` of the configuration. */
  isOneSubjectPerPerson: boolean
}

export const notReviewingCodes = [
  'not-break-glass',
  'own-request',
  'not-a-reviewer',
  'already-reviewed',
  'not-ended',
  'unverified',
] as const
export type NotReviewingCode = (typeof notReviewingCodes)[number]

/**
 * Someone other than the holder reviews it: a person who could have approved it, someone of security, or an auditor. Once,
 * and only after the access has ended, because what someone still does can't be judged.
 */
export function mayReview(facts: ReviewFacts): May & { code?: NotReviewingCode } {
  const denied = (code: NotReviewingCode, why: string) => ({ may: false as const, why, code })
  const { person, requester, groups } = facts
  if (isSamePerson(person, requester))
    return denied('own-request', 'This was your own access. Someone else has to review it.')
  if (!facts.isAuditor && !groups.some((group) => person.groups.includes(group)))
    return denied('not-a-reviewer', 'You are not in a group that may review this access.')
  if (!facts.reviewDueAt)
    return denied('not-break-glass', 'This was not break-glass access, so there is nothing to review.')
  if (facts.isReviewed) return denied('already-reviewed', 'This access has already been reviewed.')
  if (facts.grantStatus !== 'ended') return denied('not-ended', 'This access has not ended yet. Review it afterwards.')
  if (selfApproval(person, requester, facts.isOneSubjectPerPerson))
    return denied('unverified', 'You and the holder can’t be told apart: one of you has no verified e-mail address.')
  return { may: true }
}
