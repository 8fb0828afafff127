import { observedRights, type RightsColumns } from '#lib/adapters/db/clusters/cluster-rights'
import type { CurrentPolicy } from '#lib/adapters/policy/current'
import type { Person } from '#lib/core/access/actor'
import { contentHash } from '#lib/core/access/content-hash'
import type { Entitlement } from '#lib/core/access/entitlement'
import type { Rule } from '#lib/core/access/rule'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { type CurrentAccess, currentAccessOf, type ObservedRights, whoIn } from '#lib/core/rbac/current-access'
import type { Tx } from './client.ts'

type ObservedNamespace = { name: string; labels: Record<string, string> }

/** What the worker last wrote about a cluster, as the guardrails need it. */
export type ObservedCluster = { namespaces: ObservedNamespace[] | null; clusterRoles: Record<string, Rule[]> }

type ClusterColumns = { namespaces: unknown; clusterRoles: unknown; reachable: boolean | null }

/**
 * The columns of `cluster_states` as facts. A cluster that was never reached has no namespaces to speak of: then only
 * names can be judged, and the worker looks again before it grants.
 */
export function toObservedCluster({ namespaces, clusterRoles, reachable }: ClusterColumns): ObservedCluster {
  const seen = (namespaces as ObservedNamespace[] | null) ?? []
  return {
    namespaces: seen.length === 0 && !reachable ? null : seen,
    clusterRoles: (clusterRoles as Record<string, Rule[]> | null) ?? {},
  }
}

export type JudgedSubmission = JudgementFacts['submission']

type Judged = {
  policy: Pick<CurrentPolicy, 'configuration' | 'hash'>
  entitlement: Entitlement
  requester: Pick<Person, 'subject' | 'groups' | 'email' | 'emailVerified'>
  submission: JudgedSubmission
  cluster: ObservedCluster
  /** What the worker last read of who may do what there. */
  rights: ObservedRights
  /** The live answer of the cluster, where it was asked; it replaces what was read earlier. */
  difference?: CurrentAccess['difference'] | undefined
  now: Date
  stage: NonNullable<JudgementFacts['stage']>
}

/** Everything that one judgement looks at, from what was gathered. */
export function toJudgementFacts(judged: Judged): JudgementFacts {
  const { policy, submission, cluster, requester, rights, difference, ...rest } = judged
  const configured = policy.configuration.clusters.find(({ name }) => name === submission.cluster)
  const { subject, groups, email, emailVerified } = requester
  const rules = grantedRules(rest.entitlement, submission.rules, cluster.clusterRoles)
  const question = { rules: rules ?? [], namespaces: submission.namespaces, now: rest.now }
  const who = whoIn(submission.cluster, configured?.people, requester)
  const currentAccess = configured && rules ? currentAccessOf(submission.cluster, rights, who, question) : undefined
  return {
    ...rest,
    currentAccess: currentAccess && { ...currentAccess, ...(difference ? { difference } : {}) },
    requester: { subject, groups, email: emailVerified ? email : null },
    submission,
    cluster: {
      ...cluster,
      name: submission.cluster,
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
    FROM (SELECT) AS one LEFT JOIN cluster_states c ON c.name = ${judged.submission.cluster}
    LEFT JOIN cluster_rights r ON r.cluster = ${judged.submission.cluster}`
  if (!row) throw new Error('a SELECT without a table gave no row')
  const { now, isPolicyKept, isEntitlementKept } = row
  const rights = await observedRights(tx, judged.submission.cluster, row)
  const facts = toJudgementFacts({ ...judged, cluster: toObservedCluster(row), rights, now, stage: 'asking' })
  return { facts, entitlementHash, isPolicyKept, isEntitlementKept }
}
export type GatheredJudgement = Awaited<ReturnType<typeof gatherJudgement>>
