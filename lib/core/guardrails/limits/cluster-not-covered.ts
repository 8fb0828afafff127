import type { Limit } from '#lib/core/guardrails/facts'

export const clusterNotCovered: Limit = {
  code: 'cluster-not-covered',
  find: ({ cluster, entitlement }) => {
    if (!cluster.known || entitlement.clusters.includes(cluster.name)) return []
    const sentence = `${entitlement.name} isn't available in cluster ${cluster.name}. Choose ${entitlement.clusters.join(' or ')}.`
    return [{ pointer: '/cluster', sentence }]
  },
}
