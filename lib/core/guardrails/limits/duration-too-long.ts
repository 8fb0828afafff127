import { durationInWords, formatDuration } from '#lib/core/access/duration'
import type { Guardrail } from '#lib/core/guardrails/facts'

export const durationTooLong: Guardrail = {
  code: 'duration-too-long',
  find: ({ entitlement, submission }) => {
    const { max } = entitlement.duration
    // NB: not `>`: a duration that is no number must not pass.
    if (submission.durationSeconds <= max) return []
    const sentence = `${entitlement.name} lasts ${durationInWords(max)} at most: ask for ${formatDuration(max)} or less.`
    return [{ code: 'duration-too-long', pointer: '/duration', sentence }]
  },
}
