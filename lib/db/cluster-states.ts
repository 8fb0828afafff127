import type { ClusterResource } from '#lib/access/resources'
import type { Rule } from '#lib/access/rule'
import { reads } from './client.ts'
import { toSeenCluster } from './gather-judgement.ts'

export type SeenState = {
  checkedAt: Date
  reachable: boolean
  version: string | null
  error: string | null
  /** Null where it was never reached. */
  namespaces: Array<{ name: string; labels: Record<string, string> }> | null
  clusterRoles: Record<string, Rule[]>
  permissions: ClusterResource['permissions']
}

/** What the worker last saw of every cluster, by name. */
export async function clusterStates(): Promise<Map<string, SeenState>> {
  const rows = await reads().clusterState.findMany()
  return new Map(
    rows.map((row) => {
      const { name, checkedAt, reachable, version, error } = row
      const permissions = row.permissions as ClusterResource['permissions']
      return [name, { checkedAt, reachable, version, error, permissions, ...toSeenCluster(row) }]
    }),
  )
}
