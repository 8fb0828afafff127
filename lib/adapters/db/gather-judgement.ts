import { observedRights, type RightsColumns } from '#lib/adapters/db/clusters/cluster-rights'
import { contentHash } from '#lib/core/access/content-hash'
import { type ClusterColumns, type Gathered, toJudgementFacts, toObservedCluster } from '#lib/core/guardrails/facts'
import type { Tx } from './client.ts'

type Row = ClusterColumns & RightsColumns & { now: Date; isPolicyStored: boolean; isEntitlementStored: boolean }

/**
 * The facts of a judgement, in one statement: the database's time, the last known state of the cluster, and whether
 * these versions of the configuration and the entitlement are already stored.
 */
export async function gatherJudgement(tx: Tx, judged: Omit<Gathered, 'now' | 'cluster' | 'rights' | 'stage'>) {
  const entitlementHash = contentHash(judged.entitlement)
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT now() AS now, c.namespaces, c.cluster_roles AS "clusterRoles", c.reachable, r.hash AS "rightsHash",
      r.read_at AS "rightsReadAt", r.error AS "rightsError",
      r.signature AS "rightsSignature",
      EXISTS (SELECT FROM policy_versions WHERE hash = ${judged.policy.hash}) AS "isPolicyStored",
      EXISTS (SELECT FROM entitlement_versions WHERE hash = ${entitlementHash}) AS "isEntitlementStored"
    FROM (SELECT) AS one LEFT JOIN cluster_states c ON c.name = ${judged.submission.cluster}
    LEFT JOIN cluster_rights r ON r.cluster = ${judged.submission.cluster}`
  if (!row) throw new Error('a SELECT without a table returned no row')
  const { now, isPolicyStored, isEntitlementStored } = row
  const rights = await observedRights(tx, judged.submission.cluster, row)
  const facts = toJudgementFacts({ ...judged, cluster: toObservedCluster(row), rights, now, stage: 'submitting' })
  return { facts, entitlementHash, isPolicyStored, isEntitlementStored }
}
export type GatheredJudgement = Awaited<ReturnType<typeof gatherJudgement>>
