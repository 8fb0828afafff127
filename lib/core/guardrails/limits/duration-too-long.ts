import { durationInWords, formatDuration } from '#lib/core/access/duration'
import type { Limit } from '#lib/core/guardrails/facts'

export const durationTooLong: Limit = {
  code: 'duration-too-long',
  find: ({ entitlement, submission }) => {
    const { max } = entitlement.duration
    // NB: not `>`, because a duration that is not a number must not pass.
    if (submission.durationSeconds <= max) return []
    const sentence = `${entitlement.name} lasts at most ${durationInWords(max)}. Request ${formatDuration(max)} or less.`
    return [{ pointer: '/duration', sentence }]
  },
}
