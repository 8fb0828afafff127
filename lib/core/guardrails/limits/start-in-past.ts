import type { Limit } from '#lib/core/guardrails/facts'

/** Allows for a clock that is slightly behind and for the time that the request travels. */
const toleranceMs = 60_000

/** Only checked on submission: access that is approved after its requested start begins on approval. */
export const startInPast: Limit = {
  code: 'start-in-past',
  find: ({ submission: { startsAt }, now, stage = 'submitting' }) => {
    if (stage !== 'submitting' || !startsAt) return []
    // NB: not `<`, because an invalid date must not pass.
    if (startsAt.getTime() >= now.getTime() - toleranceMs) return []
    const sentence = 'The start is in the past. Leave it out to start on approval, or choose a later time.'
    return [{ pointer: '/startsAt', sentence }]
  },
}
