// Facts as Postern has them become what expressions and matches see.
import type { Entitlement } from '#lib/core/access/entitlement'
import type { Rule } from '#lib/core/access/rule'
import {
  Access,
  Cluster,
  type Context,
  Difference,
  Namespace,
  NamespaceMetadata,
  PolicyRule,
  Request,
  Requester,
  Risk,
  type Sizes,
  UnknownFact,
} from './vocabulary.ts'

type Labels = Readonly<Record<string, string>>

/** Everything a judgement looks at, gathered before. Null is "not known": what asks for it is not passed. */
export type PolicyFacts = {
  submission: {
    namespaces: readonly string[]
    reason: string
    ticket?: string | null
    durationSeconds: number
    /** Absent or null: as soon as it is approved. */
    startsAt?: Date | null
  }
  entitlement: Pick<Entitlement, 'name' | 'approvals' | 'clusterRole'>
  /** Groups null: neither they nor the e-mail are known. */
  requester: { subject: string; email?: string | null; groups: readonly string[] | null }
  cluster: { name: string; labels: Labels; namespaces: readonly { name: string; labels: Labels }[] | null }
  /** What would be granted; null where nothing was chosen yet or a ClusterRole was never seen. */
  rules: readonly Rule[] | null
  risks: readonly { id: string; severity: string; because?: readonly string[] }[]
  difference: readonly { verb: string; group: string; resource: string; name: string; namespace: string }[] | null
  /**
   * When this is judged; `asking` unless said. Access that does not fit into its window is refused when it is asked for;
   * later it is cut off at the end of the window, because nobody can ask for less any more.
   */
  stage?: 'asking' | 'deciding' | 'granting'
}

/** When access would begin at the earliest. */
export function startOf(facts: PolicyFacts, now: Date): Date {
  const { startsAt } = facts.submission
  return startsAt && startsAt > now ? startsAt : now
}

/** A namespace of the request; labels null where the cluster was never seen, or has no such namespace. */
export type RequestedNamespace = { index: number; name: string; labels: ReadonlyMap<string, string> | null }

export function requestedNamespaces(facts: PolicyFacts): RequestedNamespace[] {
  const known = new Map(facts.cluster.namespaces?.map(({ name, labels }) => [name, labels]))
  return facts.submission.namespaces.map((name, index) => {
    const labels = known.get(name)
    return { index, name, labels: labels ? new Map(Object.entries(labels)) : null }
  })
}

/** A length of time as CEL has it; made by the library itself, whose class is not exported. */
export type MakeDuration = (seconds: number) => unknown

export function contextOf(facts: PolicyFacts, now: Date, makeDuration: MakeDuration): Context {
  const { submission, entitlement, requester, cluster } = facts
  if (!facts.rules) throw new UnknownFact('the rules are not known')
  return {
    request: new Request({
      entitlement: entitlement.name,
      automatic: entitlement.approvals.length === 0,
      clusterRole: entitlement.clusterRole ?? '',
      namespaces: [...submission.namespaces],
      reason: submission.reason,
      ticket: submission.ticket ?? '',
      duration: makeDuration(submission.durationSeconds),
      startsAt: startOf(facts, now),
    }),
    requester: new Requester(requester.subject, requester.groups && { ...requester, groups: requester.groups }),
    cluster: new Cluster({ name: cluster.name, labels: new Map(Object.entries(cluster.labels)) }),
    rules: facts.rules.map(
      ({ verbs, apiGroups, resources, resourceNames }) =>
        new PolicyRule({ verbs, apiGroups, resources, resourceNames: resourceNames ?? [] }),
    ),
    risks: facts.risks.map(({ id, severity }) => new Risk({ id, severity })),
    difference: new Difference(facts.difference?.map((access) => new Access(access)) ?? null),
    now,
  }
}

export const namespaceObjectOf = ({ name, labels }: RequestedNamespace): Namespace =>
  new Namespace({ metadata: new NamespaceMetadata(name, labels) })

const most = (counts: readonly number[]) => counts.reduce((a, b) => Math.max(a, b), 0)
const longest = (words: readonly string[]) => words.reduce((longestYet, word) => Math.max(longestYet, word.length), 0)

/** How large these facts are, for the bound on the work. */
export function sizesOf(facts: PolicyFacts): Sizes {
  const { submission, requester, cluster } = facts
  const rules = facts.rules ?? []
  const labelled = [cluster, ...(cluster.namespaces ?? [])].map(({ labels }) => Object.entries(labels))
  const ruleWords = rules.flatMap((rule) => [rule.verbs, rule.apiGroups, rule.resources, rule.resourceNames ?? []])
  return {
    namespaces: submission.namespaces.length,
    rules: rules.length,
    ruleParts: most(ruleWords.map((words) => words.length)),
    groups: requester.groups?.length ?? 0,
    risks: facts.risks.length,
    added: facts.difference?.length ?? 0,
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
      longest(facts.risks.flatMap(({ id, severity }) => [id, severity])),
    ]),
  }
}
