import type { Person } from '#lib/core/access/actor'
import { contentHash } from '#lib/core/access/content-hash'
import type { Entitlement } from '#lib/core/access/entitlement'
import type { Rule } from '#lib/core/access/rule'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import type { CurrentPolicy } from '#lib/adapters/policy/current'
import { type Present, presentOf, type SeenRights, whoIn } from '#lib/core/rbac/current-access'
import type { Tx } from './client.ts'
import { type RightsColumns, seenRights } from '#lib/adapters/db/clusters/cluster-rights'

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
  /** What the worker last read of who may do what there. */
  rights: SeenRights
  /** What was asked of the cluster itself just now, where somebody did: it counts instead of what was read. */
  difference?: Present['difference'] | undefined
  now: Date
  stage: NonNullable<JudgementFacts['stage']>
}

/** Everything that one judgement looks at, from what was gathered. */
export function toJudgementFacts(judged: Judged): JudgementFacts {
  const { policy, asked, cluster, requester, rights, difference, ...rest } = judged
  const configured = policy.configuration.clusters.find(({ name }) => name === asked.cluster)
  const { subject, groups, email, emailVerified } = requester
  const rules = grantedRules(rest.entitlement, asked.rules, cluster.clusterRoles)
  const question = { rules: rules ?? [], namespaces: asked.namespaces, now: rest.now }
  const who = whoIn(asked.cluster, configured?.people, requester)
  const present = configured && rules ? presentOf(asked.cluster, rights, who, question) : undefined
  return {
    ...rest,
    present: present && { ...present, ...(difference ? { difference } : {}) },
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

type Row = ClusterColumns & RightsColumns & { now: Date; isPolicyKept: boolean; isEntitlementKept: boolean }

/**
 * What a submission is judged by, in one statement: the database's time, the cluster as last seen, and whether this
 * version of the configuration and of the entitlement is kept already.
 */
export async function gatherJudgement(tx: Tx, judged: Omit<Judged, 'now' | 'cluster' | 'rights' | 'stage'>) {
  const entitlementHash = contentHash(judged.entitlement)
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT now() AS now, c.namespaces, c.cluster_roles AS "clusterRoles", c.reachable, r.hash AS "rightsHash",
      r.read_at AS "rightsReadAt", r.error AS "rightsError",
      r.signature AS "rightsSignature",
      EXISTS (SELECT FROM policy_versions WHERE hash = ${judged.policy.hash}) AS "isPolicyKept",
      EXISTS (SELECT FROM entitlement_versions WHERE hash = ${entitlementHash}) AS "isEntitlementKept"
    FROM (SELECT) AS one LEFT JOIN cluster_states c ON c.name = ${judged.asked.cluster}
    LEFT JOIN cluster_rights r ON r.cluster = ${judged.asked.cluster}`
  if (!row) throw new Error('a SELECT without a table gave no row')
  const { now, isPolicyKept, isEntitlementKept } = row
  const rights = await seenRights(tx, judged.asked.cluster, row)
  const facts = toJudgementFacts({ ...judged, cluster: toSeenCluster(row), rights, now, stage: 'asking' })
  return { facts, entitlementHash, isPolicyKept, isEntitlementKept }
}
export type GatheredJudgement = Awaited<ReturnType<typeof gatherJudgement>>
