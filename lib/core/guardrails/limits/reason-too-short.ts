import type { Guardrail } from '#lib/core/guardrails/facts'

/** What a reader sees: blanks and what is invisible (Unicode Default_Ignorable_Code_Point, U+2800) count for nothing. */
const lengthOf = (reason: string) =>
  [
    ...reason
      .replace(/[\p{Cc}\p{Cf}\p{DI}\u2800]/gu, ' ')
      .replace(/\p{White_Space}+/gu, ' ')
      .trim(),
  ].length

export const reasonTooShort: Guardrail = {
  code: 'reason-too-short',
  find: ({ entitlement, submission }) => {
    const { minLength } = entitlement.reason
    const length = lengthOf(submission.reason)
    if (length >= minLength) return []
    const characters = minLength === 1 ? 'one character' : `${minLength} characters`
    const sentence = `The reason must be at least ${characters}, and it is ${length}: say what you will do and why now.`
    return [{ code: 'reason-too-short', pointer: '/reason', sentence }]
  },
}
