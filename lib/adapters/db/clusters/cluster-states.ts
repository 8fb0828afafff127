import { reads } from '#lib/adapters/db/client'
import { type AdmissionState, admissionState } from '#lib/core/access/admission-state'
import type { ClusterResource } from '#lib/core/access/cluster-resource'
import type { Rule } from '#lib/core/access/rule'
import { type TokenProbe, tokenProbe } from '#lib/core/access/token-webhook'
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
  /** When the cluster's RBAC rights were last read, and why the last attempt failed. */
  rightsReadAt: Date | null
  rightsError: string | null
  /** What became of the last token with which Postern tried its webhook, and when the API server last called it. */
  tokenProbe: TokenProbe | null
  tokenReviewAt: Date | null
}

/** The last known state of every cluster, by name. */
export async function clusterStates(): Promise<Map<string, ObservedState>> {
  const [rows, rights] = await Promise.all([
    reads().clusterState.findMany({ omit: { pods: true } }),
    // NB: without the content, which may be megabytes.
    reads().clusterRights.findMany({ select: { cluster: true, readAt: true, error: true } }),
  ])
  const readings = new Map(rights.map((row) => [row.cluster, row]))
  return new Map(
    rows.map((row) => {
      const { name, checkedAt, reachable, version, error } = row
      const permissions = row.permissions as ClusterResource['permissions']
      const { readAt = null, error: rightsError = null } = readings.get(name) ?? {}
      const admission = admissionState.safeParse(row.admission).data ?? null
      const state = { checkedAt, reachable, version, error, permissions, admission, rightsReadAt: readAt, rightsError }
      const webhook = {
        tokenProbe: tokenProbe.safeParse(row.tokenProbe).data ?? null,
        tokenReviewAt: row.tokenReviewAt,
      }
      return [name, { ...state, ...webhook, ...toObservedCluster(row) }]
    }),
  )
}

/** The last known namespaces of one cluster; empty if it was never reached. */
export async function observedNamespaces(
  name: string,
): Promise<Array<{ name: string; labels: Record<string, string> }>> {
  const row = await reads().clusterState.findUnique({ where: { name }, select: { namespaces: true } })
  return (row?.namespaces ?? []) as Array<{ name: string; labels: Record<string, string> }>
}
