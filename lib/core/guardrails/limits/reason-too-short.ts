import { reasonMinLength } from '#lib/core/access/entitlement'
import type { Limit } from '#lib/core/guardrails/facts'

/** Counts what a reader sees: runs of blanks are one, and invisible characters (Default_Ignorable_Code_Point, U+2800) none. */
const visibleLength = (reason: string) =>
  [
    ...reason
      .replace(/[\p{Cc}\p{Cf}\p{DI}\u2800]/gu, ' ')
      .replace(/\p{White_Space}+/gu, ' ')
      .trim(),
  ].length

export const reasonTooShort: Limit = {
  code: 'reason-too-short',
  find: ({ entitlement, submission }) => {
    const minLength = reasonMinLength(entitlement)
    const length = visibleLength(submission.reason)
    if (length >= minLength) return []
    const characters = minLength === 1 ? '1 character' : `${minLength} characters`
    const sentence = `The reason must have at least ${characters}; it has ${length}. Say what you will do and why now.`
    return [{ pointer: '/reason', sentence }]
  },
}
