import type { Limit } from '#lib/core/guardrails/facts'

/** Access that no one has looked at afterwards is not followed by more of it. */
export const breakGlassReviewOverdue: Limit = {
  code: 'break-glass-review-overdue',
  find: ({ entitlement: { name, breakGlass }, breakGlassUse, stage = 'submitting' }) => {
    if (!breakGlass || stage !== 'submitting' || !breakGlassUse?.isReviewOverdue) return []
    const sentence = `Your last use of ${name} was not reviewed in time. One of its approvers has to review it first.`
    return [{ pointer: '/entitlement', sentence }]
  },
}
