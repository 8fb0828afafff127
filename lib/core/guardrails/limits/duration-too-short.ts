import type { Guardrail } from '#lib/core/guardrails/facts'

export const durationTooShort: Guardrail = {
  code: 'duration-too-short',
  find: ({ submission }) =>
    Number.isSafeInteger(submission.durationSeconds) && submission.durationSeconds >= 1
      ? []
      : [
          {
            code: 'duration-too-short',
            pointer: '/duration',
            sentence: 'The duration must be at least one whole second, such as PT30M.',
          },
        ],
}
