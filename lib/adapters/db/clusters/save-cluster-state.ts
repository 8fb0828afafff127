import { db } from '#lib/adapters/db/client'
import { toJson } from '#lib/adapters/db/json'
import type { AdmissionState } from '#lib/core/access/admission-state'
import type { ClusterResource } from '#lib/core/access/cluster-resource'
import type { PodFacts } from '#lib/core/access/pod-facts'
import type { Rule } from '#lib/core/access/rule'
import type { TokenProbe } from '#lib/core/access/token-webhook'
import { resolveUnseenStrays } from './findings.ts'

/** The observed state of a cluster; `permissions` is undefined if they were not checked this time. */
export type ObservedClusterState = {
  version: string
  namespaces: Array<{ name: string; labels: Record<string, string> }>
  clusterRoles: Record<string, Rule[]>
  permissions: ClusterResource['permissions'] | undefined
  /** Postern's own user name there; null if the cluster does not say it, undefined if it was not read this time. */
  ownAccount: string | null | undefined
}

/**
 * May this worker read the cluster now? True if no worker has read it for `seconds`; of several workers only one gets
 * true.
 */
export async function claimClusterRead(name: string, seconds: number): Promise<boolean> {
  const count = await db().$executeRaw`
    INSERT INTO cluster_states AS c (name, checked_at, reachable, error, namespaces, cluster_roles, permissions)
    VALUES (${name}, now(), false, 'Not read yet.', '[]', '{}', '[]')
    ON CONFLICT (name) DO UPDATE SET checked_at = now()
    WHERE c.checked_at NOT BETWEEN now() - make_interval(secs => ${seconds}) AND now()`
  return count > 0
}

/** Saves the state of a cluster. NB: claimClusterRead() has already written `checked_at`, by the database's clock. */
export async function saveClusterState(name: string, observed: ObservedClusterState): Promise<void> {
  const { version, namespaces, clusterRoles, permissions, ownAccount } = observed
  const data = {
    ...{ reachable: true, version, error: null },
    namespaces: toJson(namespaces),
    clusterRoles: toJson(clusterRoles),
    ...(permissions ? { permissions: toJson(permissions) } : {}),
    ...(ownAccount === undefined ? {} : { ownAccount }),
  }
  const create = { name, permissions: [], checkedAt: new Date(), ...data }
  await db().clusterState.upsert({ where: { name }, create, update: data, select: { name: true } })
}

/** Saves how the admission policies of a cluster differ from the configuration. */
export async function saveAdmission(name: string, admission: AdmissionState): Promise<void> {
  await db().$executeRaw`
    UPDATE cluster_states SET admission = ${JSON.stringify(admission)}::jsonb WHERE name = ${name}`
}

/** Saves whether the API server accepted a token of Postern. */
export async function saveTokenProbe(name: string, probe: TokenProbe): Promise<void> {
  await db().$executeRaw`
    UPDATE cluster_states SET token_probe = ${JSON.stringify(probe)}::jsonb WHERE name = ${name}`
}

/** Saves that the API server of a cluster sent a TokenReview, by the database's clock. */
export async function saveTokenReview(name: string, secondsAgo: number): Promise<void> {
  await db().$executeRaw`
    UPDATE cluster_states SET token_review_at = greatest(token_review_at, now() - make_interval(secs => ${secondsAgo}))
    WHERE name = ${name}`
}

/** Saves what guardrails need to know of the pods in some namespaces of a cluster. */
export async function savePods(name: string, pods: Readonly<Record<string, readonly PodFacts[]>>): Promise<void> {
  await db().$executeRaw`
    UPDATE cluster_states SET pods = jsonb_build_object('at', now(), 'namespaces', ${JSON.stringify(pods)}::jsonb)
    WHERE name = ${name}`
}

/** Saves the reason why a cluster could not be read. The state observed before is kept. */
export async function saveClusterError(name: string, error: string): Promise<void> {
  const data = { reachable: false, error }
  const create = { name, namespaces: [], clusterRoles: {}, permissions: [], checkedAt: new Date(), ...data }
  await db().clusterState.upsert({ where: { name }, create, update: data, select: { name: true } })
}

/** Saves that a sweep of the cluster is complete: everything was listed, and strays are deleted. */
export async function saveSweepCompleted(name: string): Promise<void> {
  await db().$executeRaw`
    WITH unseen AS (${resolveUnseenStrays(name)})
    UPDATE cluster_states SET sweep_done_at = now() WHERE name = ${name}`
}

/**
 * May this worker sweep the cluster now? Works like claimClusterRead(). A time in the future was not written by Postern
 * and does not prevent a sweep.
 */
export async function claimSweep(name: string, seconds: number): Promise<boolean> {
  const count = await db().$executeRaw`
    UPDATE cluster_states SET swept_at = now()
    WHERE name = ${name}
      AND (swept_at IS NULL OR swept_at NOT BETWEEN now() - make_interval(secs => ${seconds}) AND now())`
  return count > 0
}
