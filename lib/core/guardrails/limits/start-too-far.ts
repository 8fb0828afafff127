import { durationInWords } from '#lib/core/access/duration'
import type { Guardrail } from '#lib/core/guardrails/facts'

/**
 * Access that begins long after it was judged was judged for another world: other people, other needs. Judged on asking
 * alone: a limit that has become shorter since does not change what was asked for.
 */
export const startTooFar: Guardrail = {
  code: 'start-too-far',
  find: ({ submission, entitlement, now, stage = 'asking' }) => {
    if (stage !== 'asking' || !submission.startsAt) return []
    const { startWithin } = entitlement
    // A date that is none is refused by start-in-past.
    if (!(submission.startsAt.getTime() > now.getTime() + startWithin * 1000)) return []
    const sentence = `The start is too far ahead: ${entitlement.name} may begin at most ${durationInWords(startWithin)} from now.`
    return [{ code: 'start-too-far', pointer: '/startsAt', sentence }]
  },
}
