import type { Person } from '#lib/core/access/actor'
import type { BreakGlassUse } from '#lib/core/access/break-glass'
import type { Entitlement } from '#lib/core/access/entitlement'
import type { ExtendedGrant } from '#lib/core/access/extension'
import { type NamespaceLabels, ownerLabelsIn } from '#lib/core/access/owner-labels'
import type { PodFacts } from '#lib/core/access/pod-facts'
import type { RequesterHistory, SubmittedVia } from '#lib/core/access/recorded-facts'
import { type Rota, withOnCallGroups } from '#lib/core/access/rota'
import { type RequestRouting, type Routing, routedSteps } from '#lib/core/access/routing'
import type { Rule } from '#lib/core/access/rule'
import type { Violation } from '#lib/core/access/verdict-resource'
import {
  type CurrentAccess,
  currentAccessOf,
  type IdentityInCluster,
  type ObservedRights,
  rightsNow,
  whoIn,
} from '#lib/core/rbac/current-access'
import type { PeopleMapping } from '#lib/core/rbac/identity'
import { mayLabel } from '#lib/core/rbac/may-label'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import { grantedRules } from './granted-rules.ts'

/** Requests of one person that wait for a decision, grants of theirs that have not ended, and the configured limits. */
export type Held = { openRequests: number; liveGrants: number; mostOpenRequests: number; mostLiveGrants: number }

/** Everything that a judgement depends on: the same facts always give the same verdict. */
export type JudgementFacts = {
  submission: {
    entitlement: string
    cluster: string
    namespaces: readonly string[]
    /** The chosen rules; absent or null where the entitlement fixes them. */
    rules?: readonly Rule[] | null
    reason: string
    ticket?: string | null
    durationSeconds: number
    /** Absent or null: on approval. */
    startsAt?: Date | null
    /** Where it came from; absent or null if that was not recorded. */
    via?: SubmittedVia | null
  }
  entitlement: Entitlement
  requester: {
    subject: string
    /**
     * Those of the rotas included (on-call.ts). Null where they are unknown: a guardrail that needs them, or the e-mail address, then counts as
     * violated.
     */
    groups: readonly string[] | null
    /** Null unless the identity provider has verified it. */
    email: string | null
  }
  cluster: {
    name: string
    /** Whether it is configured. */
    known: boolean
    /** From postern.yaml. */
    labels: Readonly<Record<string, string>>
    /** As last read from the cluster; null if never read. Then only names can be judged. */
    namespaces: readonly { name: string; labels: Readonly<Record<string, string>> }[] | null
    /** The rules of the ClusterRoles that entitlements name, as last read. */
    clusterRoles: Readonly<Record<string, Rule[]>>
  }
  /** The risks of the rules, if assessed before; absent: they are assessed now. */
  risks?: readonly { id: string; severity: string }[]
  /** The risks that the policy adds to the catalogue. */
  configuredRisks?: readonly ExtensionRisk[]
  policyHash: string
  now: Date
  /** What the requester can already do; absent where it was not read. */
  currentAccess?: CurrentAccess | undefined
  /** Who owners and managers are; absent: unknown. */
  routed?: RequestRouting | undefined
  /** What the requester has already, and the most that they may have; absent where it was not counted. */
  held?: Held | undefined
  /** Other requests of the requester; null where no guardrail needs them, or where they are unknown. */
  history?: RequesterHistory | null
  /** Of each namespace whose pods are known; null where no guardrail needs them. */
  pods?: Readonly<Record<string, readonly PodFacts[]>> | null
  /** Earlier uses of this break-glass entitlement; absent where they were not counted. */
  breakGlassUse?: BreakGlassUse | undefined
  /** Did someone deny such a request of the requester, or revoke such access, within a day? Absent: unknown. */
  refusedRecently?: boolean | undefined
  /** The access that it extends. Absent: it extends none. Null: it names something that is not access of the requester. */
  extended?: ExtendedGrant | null | undefined
  /** When the first access of the chain began that it extends; absent or null if it extends none. */
  heldSince?: Date | null
  /**
   * Absent: `submitting`. After submission, the requested start may be in the past, and the rules may be fewer than the
   * fixed ones, because an approver may have narrowed them.
   */
  stage?: 'submitting' | 'deciding' | 'granting'
}

type ObservedNamespace = { name: string; labels: Record<string, string> }

/** What the worker last read from a cluster. */
export type ObservedCluster = { namespaces: ObservedNamespace[] | null; clusterRoles: Record<string, Rule[]> }

/** The columns in which it is stored. */
export type ClusterColumns = { namespaces: unknown; clusterRoles: unknown; reachable: boolean | null }

/**
 * The namespaces of a cluster that was never reached are unknown. Then only names can be judged, and the worker reads the
 * cluster again before it grants access.
 */
export function toObservedCluster({ namespaces, clusterRoles, reachable }: ClusterColumns): ObservedCluster {
  const observed = (namespaces as ObservedNamespace[] | null) ?? []
  return {
    namespaces: observed.length === 0 && !reachable ? null : observed,
    clusterRoles: (clusterRoles as Record<string, Rule[]> | null) ?? {},
  }
}

type ConfiguredCluster = { name: string; labels: Readonly<Record<string, string>>; people?: PeopleMapping | undefined }

/** The inputs of one judgement, from the policy, the database and the cluster. */
export type Gathered = {
  policy: {
    hash: string
    configuration: {
      clusters: readonly ConfiguredCluster[]
      risks: readonly ExtensionRisk[]
      rotas: readonly Rota[]
    } & Routing
  }
  entitlement: Entitlement
  requester: Pick<Person, 'subject' | 'groups' | 'email' | 'emailVerified' | 'manager'>
  submission: JudgementFacts['submission']
  cluster: ObservedCluster
  /** The permissions in the cluster, as the worker last read them. */
  rights: ObservedRights
  /** The result of access reviews in the cluster, if there were any. It takes precedence over `rights`. */
  difference?: CurrentAccess['difference'] | undefined
  now: Date
  held?: Held | undefined
  history?: RequesterHistory | null
  pods?: JudgementFacts['pods']
  extended?: JudgementFacts['extended']
  breakGlassUse?: BreakGlassUse | undefined
  refusedRecently?: boolean | undefined
  stage: NonNullable<JudgementFacts['stage']>
}

/** The part of the configuration with the limits per person. */
export type ConfiguredLimits = { limits: { openRequestsPerPerson: number; liveGrantsPerPerson: number } }

/** What was counted, with the limits of a configuration. */
export const heldWithin = (
  { openRequests, liveGrants }: Pick<Held, 'openRequests' | 'liveGrants'>,
  { limits }: ConfiguredLimits,
): Held => ({
  ...{ openRequests, liveGrants },
  mostOpenRequests: limits.openRequestsPerPerson,
  mostLiveGrants: limits.liveGrantsPerPerson,
})

/** The facts of a judgement, from its inputs. */
export function toJudgementFacts(gathered: Gathered): JudgementFacts {
  const { policy, submission, cluster, requester, rights, difference, entitlement, ...rest } = gathered
  const configured = policy.configuration.clusters.find(({ name }) => name === submission.cluster)
  const { subject, groups, email, emailVerified } = withOnCallGroups(requester, policy.configuration.rotas, rest.now)
  const rules = grantedRules(entitlement, submission.rules, cluster.clusterRoles)
  const question = { rules: rules ?? [], namespaces: submission.namespaces, now: rest.now }
  const who = whoIn(submission.cluster, configured?.people, requester)
  const currentAccess = configured && rules ? currentAccessOf(submission.cluster, rights, who, question) : undefined
  const namespaces = submission.namespaces ?? []
  const labels = ownerLabelsIn(policy.configuration.ownerLabels, submission.cluster).length
    ? labelsThatCount(namespaces, cluster.namespaces ?? [], mayLabelIn(gathered, who))
    : new Map()
  const routedFacts = { cluster: submission.cluster, namespaces, requester, labels }
  const routed: RequestRouting = { facts: routedFacts, routing: policy.configuration }
  return {
    ...rest,
    routed,
    entitlement: { ...entitlement, approvals: routedSteps(entitlement.approvals, routed) },
    currentAccess: currentAccess && { ...currentAccess, ...(difference ? { difference } : {}) },
    requester: { subject, groups, email: emailVerified ? email : null },
    submission,
    cluster: {
      ...cluster,
      name: submission.cluster,
      known: configured !== undefined,
      labels: configured?.labels ?? {},
    },
    heldSince: rest.extended?.heldSince ?? null,
    policyHash: policy.hash,
    configuredRisks: policy.configuration.risks,
  }
}

/** Can the requester set the labels of a namespace? Null if that is not known. */
function mayLabelIn({ submission, rights, now }: Gathered, who: IdentityInCluster) {
  const known = rightsNow(submission.cluster, rights, now).rights
  return (namespace: string): boolean | null =>
    known && who.identity ? mayLabel(known, who.identity, namespace) : null
}

/** The labels that can name owners of these namespaces: those that the requester is known not to set. */
function labelsThatCount(
  namespaces: readonly string[],
  observed: readonly ObservedNamespace[],
  mayLabelOf: (namespace: string) => boolean | null,
): ReadonlyMap<string, NamespaceLabels> {
  const byName = new Map(observed.map(({ name, labels }) => [name, labels]))
  const toLabels = (namespace: string): NamespaceLabels => {
    const may = mayLabelOf(namespace)
    if (may === null) return { why: 'whether the requester can set its label is not known' }
    return may ? { why: 'the requester can set its label' } : { labels: byName.get(namespace) ?? {} }
  }
  return new Map(namespaces.map((namespace) => [namespace, toLabels(namespace)]))
}

/** A violation before `limits/all.ts` adds the code of its limit. */
export type LimitViolation = Omit<Violation, 'code'>

/**
 * One limit of Postern itself or of the entitlement, named for the bad state that it finds. It returns a violation for
 * each place. One that throws counts as violated.
 */
export type Limit<Facts = JudgementFacts> = { code: string; find: (facts: Facts) => LimitViolation[] }
