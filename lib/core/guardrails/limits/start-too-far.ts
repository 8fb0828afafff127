import { durationInWords } from '#lib/core/access/duration'
import type { Limit } from '#lib/core/guardrails/facts'

/**
 * The longer access waits to start, the less its approval says about the situation it starts in. Only checked on
 * submission: a limit that is shortened later does not change submitted requests.
 */
export const startTooFar: Limit = {
  code: 'start-too-far',
  find: ({ submission: { startsAt }, entitlement: { name, startWithin }, now, stage = 'submitting' }) => {
    if (stage !== 'submitting' || !startsAt) return []
    // `start-in-past` refuses an invalid date.
    if (!(startsAt.getTime() > now.getTime() + startWithin * 1000)) return []
    const sentence = `The start is too far ahead. ${name} can start at most ${durationInWords(startWithin)} from now.`
    return [{ pointer: '/startsAt', sentence }]
  },
}
