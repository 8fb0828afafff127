// May this be asked for, approved, granted? What Postern itself and the entitlement say.
import type { Violation } from '#lib/core/access/resources'
import type { Guardrail, JudgementFacts } from '#lib/core/guardrails/facts'
import { clusterNotCovered } from './cluster-not-covered.ts'
import { clusterRoleUnknown } from './cluster-role-unknown.ts'
import { clusterUnknown } from './cluster-unknown.ts'
import { durationTooLong } from './duration-too-long.ts'
import { durationTooShort } from './duration-too-short.ts'
import { namespaceNotCovered } from './namespace-not-covered.ts'
import { namespaceProtected } from './namespace-protected.ts'
import { namespaceUnknown } from './namespace-unknown.ts'
import { namespacesMissing } from './namespaces-missing.ts'
import { reasonTooShort } from './reason-too-short.ts'
import { requesterNotEligible } from './requester-not-eligible.ts'
import { rulesMissing } from './rules-missing.ts'
import { rulesOutsideCeiling } from './rules-outside-ceiling.ts'
import { rulesTooMany } from './rules-too-many.ts'
import { startInPast } from './start-in-past.ts'
import { startTooFar } from './start-too-far.ts'
import { ticketMalformed } from './ticket-malformed.ts'
import { ticketMissing } from './ticket-missing.ts'

/** In the order in which a form asks. Each is judged, whatever the others found. */
export const guardrails: readonly Guardrail[] = [
  requesterNotEligible,
  clusterUnknown,
  clusterNotCovered,
  clusterRoleUnknown,
  namespacesMissing,
  namespaceProtected,
  namespaceNotCovered,
  namespaceUnknown,
  rulesMissing,
  rulesOutsideCeiling,
  rulesTooMany,
  durationTooShort,
  durationTooLong,
  startInPast,
  startTooFar,
  reasonTooShort,
  ticketMissing,
  ticketMalformed,
]

/** Of these, what has to hold for as long as access lasts: it is still for this person, there, and this much. */
export const eligibility: readonly Guardrail[] = [
  requesterNotEligible,
  clusterNotCovered,
  namespaceProtected,
  namespaceNotCovered,
  rulesOutsideCeiling,
]

/** A guardrail that cannot say yes says no. What went wrong inside is not for the reader. */
function judge(guardrail: Guardrail, facts: JudgementFacts): Violation[] {
  try {
    return guardrail.find(facts)
  } catch {
    const sentence = `The guardrail ${guardrail.code} could not be judged, which counts as a no: tell whoever runs Postern.`
    return [{ code: `${guardrail.code}-failed`, pointer: '', sentence }]
  }
}

/**
 * Every violation of Postern's own limits and of the entitlement's, never only the first. What the configuration's
 * guardrails say besides is in `verdict.ts`, which is what callers ask. Pointers are RFC 6901 pointers into the body of
 * POST /requests, so that a form can show each at its field.
 * @param chain the limits to judge by, all of Postern's unless a test says otherwise
 */
export const evaluate = (facts: JudgementFacts, chain: readonly Guardrail[] = guardrails): Violation[] =>
  chain.flatMap((guardrail) => judge(guardrail, facts))
