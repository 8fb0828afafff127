import type { Verdict, Violation } from './resources.ts'
import { nothingMore } from './verdict.ts'

/** The one answer to "there is no such entitlement" and "it is not for you": what others may ask for is not told. */
const unknownEntitlement: Violation = {
  code: 'unknown-entitlement',
  pointer: '/entitlement',
  sentence: 'There is no such entitlement that you may ask for: choose one from your list.',
}

/** What somebody hears about an entitlement that is not there. */
export const unknownEntitlementVerdict = (policyVersion: string): Verdict => ({
  policyVersion,
  violations: [unknownEntitlement],
  warnings: [],
  ...nothingMore,
})

/** A verdict as the person who asked may read it: whoever is not eligible hears nothing but that. */
export const verdictForRequester = (verdict: Verdict): Verdict =>
  verdict.violations.some(({ code }) => code.startsWith('requester-not-eligible'))
    ? unknownEntitlementVerdict(verdict.policyVersion)
    : verdict
