import type { Person } from '#lib/core/access/actor'
import type { Entitlement } from '#lib/core/access/entitlement'
import type { Rule } from '#lib/core/access/rule'
import type { Violation } from '#lib/core/access/verdict-resource'
import { type CurrentAccess, currentAccessOf, type ObservedRights, whoIn } from '#lib/core/rbac/current-access'
import type { PeopleMapping } from '#lib/core/rbac/identity'
import { grantedRules } from './granted-rules.ts'

/** Everything a judgement looks at, gathered before: the same facts give the same verdict, whenever it is asked for. */
export type JudgementFacts = {
  submission: {
    entitlement: string
    cluster: string
    namespaces: readonly string[]
    /** What was chosen; absent or null where the entitlement says it all. */
    rules?: readonly Rule[] | null
    reason: string
    ticket?: string | null
    durationSeconds: number
    /** Absent or null: as soon as it is approved. */
    startsAt?: Date | null
  }
  entitlement: Entitlement
  requester: {
    subject: string
    /** Null where they are not known (any more): whatever asks for them, or for the e-mail, is not passed. */
    groups: readonly string[] | null
    /** Null where the provider has not verified it: guardrails see no other. */
    email: string | null
  }
  cluster: {
    name: string
    /** Is there such a cluster in the configuration? */
    known: boolean
    /** From the configuration. */
    labels: Readonly<Record<string, string>>
    /** Its namespaces as last seen; null where they were never seen: then only names can be judged. */
    namespaces: readonly { name: string; labels: Readonly<Record<string, string>> }[] | null
    /** The rules of the ClusterRoles that entitlements name, as last seen. */
    clusterRoles: Readonly<Record<string, Rule[]>>
  }
  /** What is dangerous about the rules, where it was found before; absent: it is found in the rules. */
  risks?: readonly { id: string; severity: string }[]
  policyHash: string
  now: Date
  /** What the live cluster says about the requester and what would be granted; absent where nobody looked. */
  currentAccess?: CurrentAccess | undefined
  /**
   * When this is judged; `asking` unless said. Later, a start that was asked for may lie in the past, and rules may be
   * fewer than the fixed ones because an approver narrowed them.
   */
  stage?: 'asking' | 'deciding' | 'granting'
}

type ObservedNamespace = { name: string; labels: Record<string, string> }

/** What the worker last read of a cluster, as the guardrails need it. */
export type ObservedCluster = { namespaces: ObservedNamespace[] | null; clusterRoles: Record<string, Rule[]> }

/** The stored columns that this is read from. */
export type ClusterColumns = { namespaces: unknown; clusterRoles: unknown; reachable: boolean | null }

/**
 * Stored columns as facts. A cluster that was never reached has no known namespaces: then only names can be judged, and
 * the worker reads the cluster again before it grants.
 */
export function toObservedCluster({ namespaces, clusterRoles, reachable }: ClusterColumns): ObservedCluster {
  const seen = (namespaces as ObservedNamespace[] | null) ?? []
  return {
    namespaces: seen.length === 0 && !reachable ? null : seen,
    clusterRoles: (clusterRoles as Record<string, Rule[]> | null) ?? {},
  }
}

type ConfiguredCluster = { name: string; labels: Readonly<Record<string, string>>; people?: PeopleMapping | undefined }

/** What one judgement is made from, gathered from the policy, the database and the cluster. */
export type Gathered = {
  policy: { hash: string; configuration: { clusters: readonly ConfiguredCluster[] } }
  entitlement: Entitlement
  requester: Pick<Person, 'subject' | 'groups' | 'email' | 'emailVerified'>
  submission: JudgementFacts['submission']
  cluster: ObservedCluster
  /** What the worker last read of the permissions there. */
  rights: ObservedRights
  /** The live answer of the cluster, where it was asked; it replaces what was read earlier. */
  difference?: CurrentAccess['difference'] | undefined
  now: Date
  stage: NonNullable<JudgementFacts['stage']>
}

/** Everything that one judgement looks at, from what was gathered. */
export function toJudgementFacts(gathered: Gathered): JudgementFacts {
  const { policy, submission, cluster, requester, rights, difference, ...rest } = gathered
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

/** A violation before `limits/all.ts` adds the code of its limit. */
export type LimitViolation = Omit<Violation, 'code'>

/**
 * One limit of Postern itself or of the entitlement, named for the bad state that it finds. It returns a violation for
 * each place. One that throws counts as violated.
 */
export type Limit<Facts = JudgementFacts> = { code: string; find: (facts: Facts) => LimitViolation[] }
