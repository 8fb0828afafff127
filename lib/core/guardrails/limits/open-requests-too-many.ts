import type { Limit } from '#lib/core/guardrails/facts'

/** One person's requests must not bury those of others in the inboxes of their approvers. */
export const openRequestsTooMany: Limit = {
  code: 'open-requests-too-many',
  find: ({ held, stage = 'submitting' }) => {
    if (!held || stage !== 'submitting' || held.openRequests < held.mostOpenRequests) return []
    const sentence = `You have ${held.openRequests} open requests; the limit is ${held.mostOpenRequests}. Withdraw some, or wait until they are decided.`
    return [{ pointer: '', sentence }]
  },
}
