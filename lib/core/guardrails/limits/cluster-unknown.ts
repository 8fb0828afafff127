import type { Guardrail } from '#lib/core/guardrails/facts'

export const clusterUnknown: Guardrail = {
  code: 'cluster-unknown',
  find: ({ cluster, entitlement }) =>
    cluster.known
      ? []
      : [
          {
            code: 'cluster-unknown',
            pointer: '/cluster',
            sentence: `There is no cluster ${cluster.name} here: choose ${entitlement.clusters.join(' or ')}.`,
          },
        ],
}
