import type { Limit } from '#lib/core/guardrails/facts'

/** What is used every week is not an emergency. Judged at submission, because break-glass access begins at once. */
export const breakGlassTooOften: Limit = {
  code: 'break-glass-too-often',
  find: ({ entitlement: { name, breakGlass }, breakGlassUse, stage = 'submitting' }) => {
    if (!breakGlass || stage !== 'submitting') return []
    const { usesPerWeek } = breakGlass
    // NB: without the count it is refused.
    if (breakGlassUse && breakGlassUse.usesThisWeek < usesPerWeek) return []
    const times = usesPerWeek === 1 ? 'once' : `${usesPerWeek} times`
    const sentence = `You can use ${name} at most ${times} in seven days. Request access that someone approves.`
    return [{ pointer: '/entitlement', sentence }]
  },
}
