import { db } from '#lib/adapters/db/client'
import { toJson } from '#lib/adapters/db/json'
import type { ClusterResource } from '#lib/core/access/cluster-resource'
import type { Rule } from '#lib/core/access/rule'
import { resolveUnseenStrays } from './findings.ts'

/** What was seen of a cluster; `permissions` undefined where they were not asked about this time. */
export type ObservedClusterState = {
  version: string
  namespaces: Array<{ name: string; labels: Record<string, string> }>
  clusterRoles: Record<string, Rule[]>
  permissions: ClusterResource['permissions'] | undefined
}

/**
 * Is it this worker's turn to look at the cluster? One statement that only one of several workers wins: nobody looked
 * for `seconds`, and whoever gets the row says that they do.
 */
export async function claimClusterRead(name: string, seconds: number): Promise<boolean> {
  const count = await db().$executeRaw`
    INSERT INTO cluster_states AS c (name, checked_at, reachable, error, namespaces, cluster_roles, permissions)
    VALUES (${name}, now(), false, 'Not looked at yet.', '[]', '{}', '[]')
    ON CONFLICT (name) DO UPDATE SET checked_at = now()
    WHERE c.checked_at NOT BETWEEN now() - make_interval(secs => ${seconds}) AND now()`
  return count > 0
}

/** Writes what a cluster looks like now. NB: when it was looked at is the database's time, which claimClusterRead() wrote. */
export async function saveClusterState(name: string, seen: ObservedClusterState): Promise<void> {
  const { version, namespaces, clusterRoles, permissions } = seen
  const data = {
    ...{ reachable: true, version, error: null },
    namespaces: toJson(namespaces),
    clusterRoles: toJson(clusterRoles),
    ...(permissions ? { permissions: toJson(permissions) } : {}),
  }
  const create = { name, permissions: [], checkedAt: new Date(), ...data }
  await db().clusterState.upsert({ where: { name }, create, update: data })
}

/** Writes that a cluster could not be looked at, and why. What was seen before stays. */
export async function saveClusterError(name: string, error: string): Promise<void> {
  const data = { reachable: false, error }
  const create = { name, namespaces: [], clusterRoles: {}, permissions: [], checkedAt: new Date(), ...data }
  await db().clusterState.upsert({ where: { name }, create, update: data })
}

/** Writes that a sweep of the cluster came to its end: everything was listed, and what was nobody's is gone. */
export async function saveSweepCompleted(name: string): Promise<void> {
  await db().$executeRaw`
    WITH unseen AS (${resolveUnseenStrays(name)})
    UPDATE cluster_states SET sweep_done_at = now() WHERE name = ${name}`
}

/**
 * Is it this worker's turn to sweep the cluster? As claimClusterRead(). A time that lies ahead was written by nobody of ours, and
 * keeps nobody from sweeping.
 */
export async function claimSweep(name: string, seconds: number): Promise<boolean> {
  const count = await db().$executeRaw`
    UPDATE cluster_states SET swept_at = now()
    WHERE name = ${name}
      AND (swept_at IS NULL OR swept_at NOT BETWEEN now() - make_interval(secs => ${seconds}) AND now())`
  return count > 0
}
