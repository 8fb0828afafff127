import type { Limit } from '#lib/core/guardrails/facts'
import { ceilingOf } from '#lib/core/guardrails/granted-rules'

export const clusterRoleUnknown: Limit = {
  code: 'cluster-role-unknown',
  find: ({ entitlement, cluster }) => {
    if (ceilingOf(entitlement, cluster.clusterRoles)) return []
    const sentence = `The rules of ClusterRole ${entitlement.clusterRole} in ${cluster.name} are unknown: the role doesn't exist, or Postern hasn't read the cluster yet.`
    return [{ pointer: '/cluster', sentence }]
  },
}
