import type { Person } from '#lib/access/actor'
import { contentHash } from '#lib/access/content-hash'
import type { Entitlement } from '#lib/access/entitlement'
import type { Rule } from '#lib/access/rule'
import type { JudgementFacts } from '#lib/guardrails/facts'
import type { CurrentPolicy } from '#lib/policy/current'
import type { Tx } from './client.ts'

type SeenNamespace = { name: string; labels: Record<string, string> }

/** What the worker last wrote about a cluster, as the guardrails need it. */
export type SeenCluster = { namespaces: SeenNamespace[] | null; clusterRoles: Record<string, Rule[]> }

type ClusterColumns = { namespaces: unknown; clusterRoles: unknown; reachable: boolean | null }

/**
 * The columns of `cluster_states` as facts. A cluster that was never reached has no namespaces to speak of: then only
 * names can be judged, and the worker looks again before it grants.
 */
export function toSeenCluster({ namespaces, clusterRoles, reachable }: ClusterColumns): SeenCluster {
  const seen = (namespaces as SeenNamespace[] | null) ?? []
  return {
    namespaces: seen.length === 0 && !reachable ? null : seen,
    clusterRoles: (clusterRoles as Record<string, Rule[]> | null) ?? {},
  }
}

export type Asked = JudgementFacts['submission']

type Judged = {
  policy: Pick<CurrentPolicy, 'configuration' | 'hash'>
  entitlement: Entitlement
  requester: Pick<Person, 'subject' | 'groups' | 'email' | 'emailVerified'>
  asked: Asked
  cluster: SeenCluster
  now: Date
  stage: NonNullable<JudgementFacts['stage']>
}

/** Everything that one judgement looks at, from what was gathered. */
export function toJudgementFacts({ policy, asked, cluster, requester, ...rest }: Judged): JudgementFacts {
  const configured = policy.configuration.clusters.find(({ name }) => name === asked.cluster)
  const { subject, groups, email, emailVerified } = requester
  return {
    ...rest,
    requester: { subject, groups, email: emailVerified ? email : null },
    submission: asked,
    cluster: {
      ...cluster,
      name: asked.cluster,
      known: configured !== undefined,
      labels: configured?.labels ?? {},
    },
    policyHash: policy.hash,
  }
}

type Row = ClusterColumns & { now: Date; isPolicyKept: boolean; isEntitlementKept: boolean }

/**
 * What a submission is judged by, in one statement: the database's time, the cluster as last seen, and whether this
 * version of the configuration and of the entitlement is kept already.
 */
export async function gatherJudgement(tx: Tx, judged: Omit<Judged, 'now' | 'cluster' | 'stage'>) {
  const entitlementHash = contentHash(judged.entitlement)
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT now() AS now, c.namespaces, c.cluster_roles AS "clusterRoles", c.reachable,
      EXISTS (SELECT FROM policy_versions WHERE hash = ${judged.policy.hash}) AS "isPolicyKept",
      EXISTS (SELECT FROM entitlement_versions WHERE hash = ${entitlementHash}) AS "isEntitlementKept"
    FROM (SELECT) AS one LEFT JOIN cluster_states c ON c.name = ${judged.asked.cluster}`
  if (!row) throw new Error('a SELECT without a table gave no row')
  const { now, isPolicyKept, isEntitlementKept } = row
  const facts = toJudgementFacts({ ...judged, cluster: toSeenCluster(row), now, stage: 'asking' })
  return { facts, entitlementHash, isPolicyKept, isEntitlementKept }
}
export type GatheredJudgement = Awaited<ReturnType<typeof gatherJudgement>>
