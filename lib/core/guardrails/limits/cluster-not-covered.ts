import type { Guardrail } from '#lib/core/guardrails/facts'

export const clusterNotCovered: Guardrail = {
  code: 'cluster-not-covered',
  find: ({ cluster, entitlement }) =>
    !cluster.known || entitlement.clusters.includes(cluster.name)
      ? []
      : [
          {
            code: 'cluster-not-covered',
            pointer: '/cluster',
            sentence: `${entitlement.name} is not for the cluster ${cluster.name}: choose ${entitlement.clusters.join(' or ')}.`,
          },
        ],
}
