import type { Limit } from '#lib/core/guardrails/facts'

/** What can wait can be approved. */
export const breakGlassStartsLater: Limit = {
  code: 'break-glass-starts-later',
  find: ({ entitlement, submission: { startsAt }, stage = 'submitting' }) =>
    entitlement.breakGlass && startsAt && stage === 'submitting'
      ? [{ pointer: '/startsAt', sentence: 'Break-glass access begins at once. Leave the start out.' }]
      : [],
}
