import type { Limit } from '#lib/core/guardrails/facts'

/** Judged at submission and at each decision. When it is granted, the grant itself already counts. */
export const liveGrantsTooMany: Limit = {
  code: 'live-grants-too-many',
  find: ({ held, extended, stage = 'submitting' }) => {
    // An extension takes the place of the access that it extends.
    const others = (held?.liveGrants ?? 0) - (extended ? 1 : 0)
    if (!held || stage === 'granting' || others < held.mostLiveGrants) return []
    const [who, whose] =
      stage === 'submitting' ? ['You have', 'Release some'] : ['The requester has', 'They can release some']
    const sentence = `${who} ${held.liveGrants} grants that have not ended; the limit is ${held.mostLiveGrants}. ${whose}, or wait until they end.`
    return [{ pointer: '', sentence }]
  },
}
