// Converts facts into the values that expressions and matches see.
import type { Entitlement } from '#lib/core/access/entitlement'
import { totalSeconds } from '#lib/core/access/extension'
import type { PodFacts } from '#lib/core/access/pod-facts'
import type { RequesterHistory, SubmittedVia } from '#lib/core/access/recorded-facts'
import type { RequestRouting } from '#lib/core/access/routing'
import type { Rule } from '#lib/core/access/rule'
import { durationOf, timestampOf } from './values.ts'
import {
  Access,
  Cluster,
  type Context,
  Difference,
  History,
  Namespace,
  NamespaceMetadata,
  Pod,
  Pods,
  PolicyRule,
  Request,
  Requester,
  Risk,
  type Sizes,
  UnknownFact,
} from './vocabulary.ts'

type Labels = Readonly<Record<string, string>>

/** Everything that the guardrails of the policy look at. Null means unknown: a guardrail that needs it counts as violated. */
export type PolicyFacts = {
  submission: {
    namespaces: readonly string[]
    reason: string
    ticket?: string | null
    durationSeconds: number
    /** Absent or null: on approval. */
    startsAt?: Date | null
    /** Absent or null: unknown. */
    via?: SubmittedVia | null
  }
  entitlement: Pick<Entitlement, 'name' | 'approvals' | 'clusterRole' | 'breakGlass' | 'automatic'>
  /** Where `groups` is null, `email` is unknown too. */
  requester: { subject: string; email?: string | null; groups: readonly string[] | null }
  cluster: { name: string; labels: Labels; namespaces: readonly { name: string; labels: Labels }[] | null }
  /** The rules to grant; null where none are chosen yet, or the ClusterRole was never read. */
  rules: readonly Rule[] | null
  risks: readonly { id: string; severity: string; because?: readonly string[] }[]
  /** Absent or null: unknown. */
  history?: RequesterHistory | null
  /** Did someone deny such a request, or revoke such access, within a day? Absent: unknown. */
  refusedRecently?: boolean | undefined
  /** When the access that it extends began; absent or null if it extends none. */
  heldSince?: Date | null
  /** Those that the rules lead into. Absent or null: unknown. */
  pods?: readonly PodFacts[] | null
  difference: readonly { verb: string; group: string; resource: string; name: string; namespace: string }[] | null
  /**
   * Absent: `submitting`. Access that does not fit into its window is refused on submission. Later it is cut off at the
   * end of the window instead, because the requester can no longer request less.
   */
  stage?: 'submitting' | 'deciding' | 'granting'
  /** Who owners and managers are. Absent: unknown, and steps that ask for them stay as they are written. */
  routed?: RequestRouting | undefined
}

/** The earliest moment at which access could begin. */
export function startOf(facts: PolicyFacts, now: Date): Date {
  const { startsAt } = facts.submission
  return startsAt && startsAt > now ? startsAt : now
}

/** A namespace of the request. `labels` is null where the cluster was never read or has no such namespace. */
export type RequestedNamespace = { index: number; name: string; labels: ReadonlyMap<string, string> | null }

export function requestedNamespaces(facts: PolicyFacts): RequestedNamespace[] {
  const known = new Map(facts.cluster.namespaces?.map(({ name, labels }) => [name, labels]))
  return facts.submission.namespaces.map((name, index) => {
    const labels = known.get(name)
    return { index, name, labels: labels ? new Map(Object.entries(labels)) : null }
  })
}

/** Earlier access, as far as it lies before `now` and in the last hours. */
function heldIn(held: NonNullable<RequesterHistory['held']>, now: Date) {
  const at = now.getTime()
  const within = (hours: number) => {
    const seconds = held.map(({ from, to }) => {
      const begin = Math.max(from.getTime(), at - hours * 3_600_000)
      return Math.max(0, Math.floor((Math.min(to.getTime(), at) - begin) / 1000))
    })
    return durationOf(seconds.reduce((sum, one) => sum + one, 0))
  }
  const ends = held.map(({ to }) => Math.min(to.getTime(), at))
  return { inDay: within(24), inWeek: within(24 * 7), lastEnd: timestampOf(new Date(Math.max(0, ...ends))) }
}

export function contextOf(facts: PolicyFacts, now: Date): Context {
  const { submission, entitlement, requester, cluster } = facts
  if (!facts.rules) throw new UnknownFact('the rules are not known')
  return {
    request: new Request({
      entitlement: entitlement.name,
      automatic: entitlement.approvals.length === 0 || entitlement.breakGlass !== undefined,
      breakGlass: entitlement.breakGlass !== undefined,
      clusterRole: entitlement.clusterRole ?? '',
      namespaces: [...submission.namespaces],
      reason: submission.reason,
      ticket: submission.ticket ?? '',
      duration: durationOf(submission.durationSeconds),
      startsAt: timestampOf(startOf(facts, now)),
      via: submission.via ?? null,
      extension: facts.heldSince != null,
      total: durationOf(totalSeconds(facts.heldSince ?? now, submission.durationSeconds, now)),
    }),
    requester: new Requester(requester.subject, requester.groups && { ...requester, groups: requester.groups }),
    cluster: new Cluster({ name: cluster.name, labels: new Map(Object.entries(cluster.labels)) }),
    rules: facts.rules.map(
      ({ verbs, apiGroups, resources, resourceNames }) =>
        new PolicyRule({ verbs, apiGroups, resources, resourceNames: resourceNames ?? [] }),
    ),
    risks: facts.risks.map(({ id, severity }) => new Risk({ id, severity })),
    difference: new Difference(facts.difference?.map((access) => new Access(access)) ?? null),
    history: new History(
      facts.history
        ? {
            requests: facts.history.requests.map(timestampOf),
            grants: facts.history.grants.map(timestampOf),
            held: facts.history.held ? heldIn(facts.history.held, now) : null,
          }
        : null,
    ),
    pods: new Pods(facts.pods?.map((pod) => new Pod({ ...pod, labels: new Map(Object.entries(pod.labels)) })) ?? null),
    now: timestampOf(now),
  }
}

export const namespaceObjectOf = ({ name, labels }: RequestedNamespace): Namespace =>
  new Namespace({ metadata: new NamespaceMetadata(name, labels) })

const most = (counts: readonly number[]) => counts.reduce((a, b) => Math.max(a, b), 0)
const longest = (texts: readonly string[]) => texts.reduce((length, text) => Math.max(length, text.length), 0)

/** The sizes of these facts, from which the cost of an expression is estimated. */
export function sizesOf(facts: PolicyFacts): Sizes {
  const { submission, requester, cluster } = facts
  const rules = facts.rules ?? []
  const pods = facts.pods ?? []
  const labelled = [cluster, ...(cluster.namespaces ?? []), ...pods].map(({ labels }) => Object.entries(labels))
  const ruleWords = rules.flatMap((rule) => [rule.verbs, rule.apiGroups, rule.resources, rule.resourceNames ?? []])
  return {
    namespaces: submission.namespaces.length,
    rules: rules.length,
    ruleParts: most(ruleWords.map((words) => words.length)),
    groups: requester.groups?.length ?? 0,
    risks: facts.risks.length,
    added: facts.difference?.length ?? 0,
    history: Math.max(facts.history?.requests.length ?? 0, facts.history?.grants.length ?? 0),
    pods: pods.length,
    labels: most(labelled.map((labels) => labels.length)),
    reason: submission.reason.length,
    word: most([
      most(ruleWords.map(longest)),
      longest(requester.groups ?? []),
      most(labelled.map((labels) => longest(labels.flat()))),
      longest([
        requester.subject,
        requester.email ?? '',
        submission.ticket ?? '',
        cluster.name,
        ...submission.namespaces,
      ]),
      most(
        (facts.difference ?? []).map(({ verb, group, resource, name, namespace }) =>
          longest([verb, group, resource, name, namespace]),
        ),
      ),
      most(
        pods.map(({ namespace, name, serviceAccountName, addedCapabilities }) =>
          longest([namespace, name, serviceAccountName, ...addedCapabilities]),
        ),
      ),
      longest(facts.risks.flatMap(({ id, severity }) => [id, severity])),
    ]),
  }
}
