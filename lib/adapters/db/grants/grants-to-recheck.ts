import { db } from '#lib/adapters/db/client'
import type { Entitlement } from '#lib/core/access/entitlement'
import type { Id } from '#lib/core/access/ids'
import type { Rule } from '#lib/core/access/rule'
import { type ObservedCluster, toObservedCluster } from '#lib/core/guardrails/facts'

/** A live grant with the facts that decide whether its holder is still eligible. */
export type GrantToRecheck = {
  id: Id<'grant'>
  requestId: Id<'request'>
  title: string
  entitlementName: string
  cluster: string
  namespaces: string[]
  rules: Rule[]
  clusterRole: string | null
  durationSeconds: number
  reason: string
  policyHash: string
  requesterId: Id<'person'>
  subject: string
  groups: string[]
  now: Date
}

/**
 * The live grants of a cluster whose holders may no longer be eligible: with `all` every one, otherwise those whose
 * holder is not covered by the entitlement of that name, and those with a ClusterRole, which can change in the cluster.
 * The rest of an entitlement changes only with the configuration.
 */
export const grantsToRecheck = (
  cluster: string,
  entitlements: readonly Pick<Entitlement, 'name' | 'who'>[],
  all: boolean,
): Promise<GrantToRecheck[]> => {
  const offered = entitlements.map(({ name, who }) => ({ name, groups: who.groups ?? [], people: who.people ?? [] }))
  return db().$queryRaw<GrantToRecheck[]>`
    SELECT g.id, r.id AS "requestId", v.document ->> 'title' AS title, r.entitlement_name AS "entitlementName", g.cluster,
      r.namespaces, r.rules, r.cluster_role AS "clusterRole", r.duration_seconds AS "durationSeconds", r.reason,
      r.policy_hash AS "policyHash", p.id AS "requesterId", p.subject, p.groups, now() AS now
    FROM grants g
    JOIN requests r ON r.id = g.request_id
    JOIN entitlement_versions v ON v.hash = r.entitlement_hash
    JOIN people p ON p.id = r.requester_id
    LEFT JOIN jsonb_to_recordset(${JSON.stringify(offered)}::jsonb) AS e(name text, groups text[], people text[])
      ON e.name = r.entitlement_name
    WHERE g.cluster = ${cluster} AND g.status = 'active'
      AND (${all} OR r.cluster_role IS NOT NULL OR e.name IS NULL OR NOT (p.subject = ANY(e.people) OR p.groups && e.groups))`
}

/** The last known state of a reachable cluster; undefined if it is unreachable and the state may be outdated. */
export async function observedCluster(name: string): Promise<ObservedCluster | undefined> {
  const row = await db().clusterState.findUnique({ where: { name }, omit: { pods: true } })
  return row?.reachable ? toObservedCluster(row) : undefined
}
