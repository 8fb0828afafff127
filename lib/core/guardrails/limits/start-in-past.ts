import type { Guardrail } from '#lib/core/guardrails/facts'

/** A clock that is a little behind, and the way of the request to here, are not the past. */
const toleranceMs = 60_000

/** Judged on asking alone: an approval that comes after the wished start begins when it comes. */
export const startInPast: Guardrail = {
  code: 'start-in-past',
  find: ({ submission, now, stage = 'asking' }) => {
    if (stage !== 'asking' || !submission.startsAt) return []
    // NB: not `<`: a date that is none must not pass.
    if (submission.startsAt.getTime() >= now.getTime() - toleranceMs) return []
    const sentence = 'The start is in the past: leave it out to begin when approved, or give a later time.'
    return [{ code: 'start-in-past', pointer: '/startsAt', sentence }]
  },
}
