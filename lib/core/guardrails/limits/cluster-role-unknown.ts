import type { Guardrail } from '#lib/core/guardrails/facts'
import { ceilingOf } from '#lib/core/guardrails/granted-rules'

export const clusterRoleUnknown: Guardrail = {
  code: 'cluster-role-unknown',
  find: ({ entitlement, cluster }) =>
    ceilingOf(entitlement, cluster.clusterRoles)
      ? []
      : [
          {
            code: 'cluster-role-unknown',
            pointer: '/cluster',
            sentence: `What the ClusterRole ${entitlement.clusterRole} allows in ${cluster.name} is not known: it is not there, or the cluster was not reached yet.`,
          },
        ],
}
