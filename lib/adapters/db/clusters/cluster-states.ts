import { reads } from '#lib/adapters/db/client'
import { type AdmissionState, admissionState } from '#lib/core/access/admission-state'
import type { ClusterResource } from '#lib/core/access/cluster-resource'
import type { Rule } from '#lib/core/access/rule'
import { toObservedCluster } from '#lib/core/guardrails/facts'

export type ObservedState = {
  checkedAt: Date
  reachable: boolean
  version: string | null
  error: string | null
  /** Null if the cluster was never reached. */
  namespaces: Array<{ name: string; labels: Record<string, string> }> | null
  clusterRoles: Record<string, Rule[]>
  permissions: ClusterResource['permissions']
  /** Null if it was never read. */
  admission: AdmissionState | null
  /** Postern's own token there; null if it never expires, or is renewed elsewhere. */
  token: { expiresAt: Date; renewedAt: Date | null; error: string | null } | null
  /** When the cluster's RBAC rights were last read, and why the last attempt failed. */
  rightsReadAt: Date | null
  rightsError: string | null
}

/** The last known state of every cluster, by name. */
export async function clusterStates(): Promise<Map<string, ObservedState>> {
  const [rows, tokenRows, rights] = await Promise.all([
    reads().clusterState.findMany({ omit: { pods: true } }),
    reads().clusterToken.findMany({ select: { cluster: true, expiresAt: true, renewedAt: true, error: true } }),
    // NB: without the content, which may be megabytes.
    reads().clusterRights.findMany({ select: { cluster: true, readAt: true, error: true } }),
  ])
  const tokens = new Map(tokenRows.map(({ cluster, ...token }) => [cluster, token]))
  const readings = new Map(rights.map((row) => [row.cluster, row]))
  return new Map(
    rows.map((row) => {
      const { name, checkedAt, reachable, version, error } = row
      const permissions = row.permissions as ClusterResource['permissions']
      const { readAt = null, error: rightsError = null } = readings.get(name) ?? {}
      const admission = admissionState.safeParse(row.admission).data ?? null
      const token = tokens.get(name) ?? null
      const rights = { rightsReadAt: readAt, rightsError }
      const state = { checkedAt, reachable, version, error, permissions, admission, token, ...rights }
      return [name, { ...state, ...toObservedCluster(row) }]
    }),
  )
}
