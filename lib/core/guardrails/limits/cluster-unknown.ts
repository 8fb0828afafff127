import type { Limit } from '#lib/core/guardrails/facts'

export const clusterUnknown: Limit = {
  code: 'cluster-unknown',
  find: ({ cluster, entitlement }) => {
    if (cluster.known) return []
    const sentence = `${cluster.name} is not a configured cluster. Choose ${entitlement.clusters.join(' or ')}.`
    return [{ pointer: '/cluster', sentence }]
  },
}
