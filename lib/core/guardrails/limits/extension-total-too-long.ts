import { durationInWords, formatDuration } from '#lib/core/access/duration'
import { longestTotal, secondsLeft, totalSeconds } from '#lib/core/access/extension'
import type { Limit } from '#lib/core/guardrails/facts'

/** The shortest extension that is worth a decision. */
const shortestSeconds = 300

/**
 * Extensions of extensions don't add up to more than the entitlement allows. Checked at submission. Later the access is
 * cut off at that time instead, because waiting for the approval has made the total longer.
 */
export const extensionTotalTooLong: Limit = {
  code: 'extension-total-too-long',
  find: ({ extended, entitlement, submission, now, stage = 'submitting' }) => {
    if (!extended || stage !== 'submitting') return []
    const total = totalSeconds(extended.heldSince, submission.durationSeconds, now)
    const most = longestTotal(entitlement)
    // NB: not `>`, because a duration that is not a number must not pass.
    if (total <= most) return []
    const leftSeconds = secondsLeft(extended.heldSince, entitlement, now)
    const limit = `With its extensions, this access may last ${durationInWords(most)} in total.`
    const next =
      leftSeconds >= shortestSeconds
        ? `Request ${formatDuration(leftSeconds)} or less.`
        : 'It can’t be extended any further: submit a new request after it has ended.'
    return [{ pointer: '/duration', sentence: `${limit} ${next}` }]
  },
}
