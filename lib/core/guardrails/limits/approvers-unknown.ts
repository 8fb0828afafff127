import { isUnrouted } from '#lib/core/access/routing'
import type { Limit } from '#lib/core/guardrails/facts'

/** A step that no one could approve. Later the steps of the request count, which had someone. */
export const approversUnknown: Limit = {
  code: 'approvers-unknown',
  find: ({ entitlement: { name, approvals }, stage = 'submitting' }) => {
    if (stage !== 'submitting') return []
    return approvals
      .filter((step) => step.groups.length === 0 && !isUnrouted(step))
      .map(({ namespaces, unknown = [] }) => ({
        pointer: namespaces ? '/namespaces' : '/entitlement',
        sentence: `No one could approve ${name}: Postern knows no one else who is ${unknown.join(' or ')}. Contact your Postern administrator.`,
      }))
  },
}
