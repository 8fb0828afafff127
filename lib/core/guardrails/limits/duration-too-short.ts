import type { Limit } from '#lib/core/guardrails/facts'

export const durationTooShort: Limit = {
  code: 'duration-too-short',
  find: ({ submission: { durationSeconds } }) =>
    Number.isSafeInteger(durationSeconds) && durationSeconds >= 1
      ? []
      : [{ pointer: '/duration', sentence: 'The duration must be at least one whole second, such as PT30M.' }],
}
