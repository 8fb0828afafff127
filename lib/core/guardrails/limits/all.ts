// Is this request within the limits of Postern itself and of its entitlement?
import type { Violation } from '#lib/core/access/verdict-resource'
import type { JudgementFacts, Limit } from '#lib/core/guardrails/facts'
import { approversUnknown } from './approvers-unknown.ts'
import { breakGlassReviewOverdue } from './break-glass-review-overdue.ts'
import { breakGlassStartsLater } from './break-glass-starts-later.ts'
import { breakGlassTooOften } from './break-glass-too-often.ts'
import { clusterNotCovered } from './cluster-not-covered.ts'
import { clusterRoleUnknown } from './cluster-role-unknown.ts'
import { clusterUnknown } from './cluster-unknown.ts'
import { durationTooLong } from './duration-too-long.ts'
import { durationTooShort } from './duration-too-short.ts'
import { extensionDiffers } from './extension-differs.ts'
import { extensionNotActive } from './extension-not-active.ts'
import { extensionTotalTooLong } from './extension-total-too-long.ts'
import { liveGrantsTooMany } from './live-grants-too-many.ts'
import { namespaceNotCovered } from './namespace-not-covered.ts'
import { namespaceProtected } from './namespace-protected.ts'
import { namespaceUnknown } from './namespace-unknown.ts'
import { namespacesMissing } from './namespaces-missing.ts'
import { openRequestsTooMany } from './open-requests-too-many.ts'
import { reasonTooShort } from './reason-too-short.ts'
import { requesterNotEligible } from './requester-not-eligible.ts'
import { rulesMissing } from './rules-missing.ts'
import { rulesNeverAllowed } from './rules-never-allowed.ts'
import { rulesOutsideCeiling } from './rules-outside-ceiling.ts'
import { rulesTooMany } from './rules-too-many.ts'
import { startInPast } from './start-in-past.ts'
import { startTooFar } from './start-too-far.ts'
import { ticketMalformed } from './ticket-malformed.ts'
import { ticketMissing } from './ticket-missing.ts'

/** In the order of the fields of the form. Each is checked, whatever the others found; see `beyondSize` for the exception. */
export const limits: readonly Limit[] = [
  requesterNotEligible,
  breakGlassReviewOverdue,
  breakGlassTooOften,
  extensionNotActive,
  extensionDiffers,
  clusterUnknown,
  clusterNotCovered,
  clusterRoleUnknown,
  namespacesMissing,
  namespaceProtected,
  namespaceNotCovered,
  namespaceUnknown,
  rulesMissing,
  rulesOutsideCeiling,
  rulesNeverAllowed,
  rulesTooMany,
  durationTooShort,
  durationTooLong,
  extensionTotalTooLong,
  breakGlassStartsLater,
  startInPast,
  startTooFar,
  reasonTooShort,
  ticketMissing,
  ticketMalformed,
  approversUnknown,
  openRequestsTooMany,
  liveGrantsTooMany,
]

/** The limits that must hold for as long as access lasts: the entitlement still covers this person, place and rules. */
export const eligibility: readonly Limit[] = [
  requesterNotEligible,
  clusterNotCovered,
  namespaceProtected,
  namespaceNotCovered,
  rulesOutsideCeiling,
]

/** The violations of one limit. A limit that fails refuses the request; the error may hold facts, so it is not shown. */
export function violationsOf<Facts>({ code, find }: Limit<Facts>, facts: Facts): Violation[] {
  try {
    return find(facts).map((violation) => ({ code, ...violation }))
  } catch {
    const sentence = `The limit ${code} couldn't be evaluated, so the request is refused. Contact your Postern administrator.`
    return [{ code: `${code}-failed`, pointer: '', sentence }]
  }
}

/**
 * What is not worked out about a request that covers too many permissions: anyone can send one, the work grows with its
 * size, and the answer is the same. It is refused for its size, and for what else is cheap to find.
 */
const beyondSize: readonly Limit[] = [rulesOutsideCeiling]

export const isTooLarge = (violations: readonly Violation[]): boolean =>
  violations.some(({ code }) => code === rulesTooMany.code)

/**
 * The violations of the limits: every one, not only the first. The guardrails of the policy are not among them:
 * `judge.ts` adds them. Pointers are RFC 6901 pointers into the body of POST /requests, so that a form can show each at
 * its field.
 * @param chain all limits, or some of them
 */
export function evaluate(facts: JudgementFacts, chain: readonly Limit[] = limits): Violation[] {
  const found = new Map(
    chain.filter((limit) => !beyondSize.includes(limit)).map((limit) => [limit, violationsOf(limit, facts)]),
  )
  const isOver = isTooLarge([...found.values()].flat())
  return chain.flatMap((limit) => found.get(limit) ?? (isOver ? [] : violationsOf(limit, facts)))
}
