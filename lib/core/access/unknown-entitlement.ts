import { nothingMore } from './verdict.ts'
import type { Verdict, Violation } from './verdict-resource.ts'

/** One violation for "does not exist" and "not for you", so that no one learns what others may request. */
const unknownEntitlement: Violation = {
  code: 'unknown-entitlement',
  pointer: '/entitlement',
  sentence: 'This entitlement doesn’t exist, or you’re not eligible for it. Choose one from your list.',
}

export const unknownEntitlementVerdict = (policyVersion: string): Verdict => ({
  policyVersion,
  violations: [unknownEntitlement],
  warnings: [],
  ...nothingMore,
})

/** The verdict as the requester may read it: a person who is not eligible learns nothing else. */
export const verdictForRequester = (verdict: Verdict): Verdict =>
  verdict.violations.some(({ code }) => code.startsWith('requester-not-eligible'))
    ? unknownEntitlementVerdict(verdict.policyVersion)
    : verdict
