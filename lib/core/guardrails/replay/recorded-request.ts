// Turns a past request, with the facts that were recorded with it, into facts that another policy can be judged by.
import type { Difference } from '#lib/core/access/difference'
import type { Entitlement } from '#lib/core/access/entitlement'
import type { UnknownFactName } from '#lib/core/access/policy-trial'
import type { RecordedFacts } from '#lib/core/access/recorded-facts'
import { type RequestRouting, type Routing, routedSteps } from '#lib/core/access/routing'
import type { Rule } from '#lib/core/access/rule'
import { normalizeRules } from '#lib/core/access/rule'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'

export type RecordedRequest = {
  at: Date
  entitlementName: string
  /** As it was then; null if that version was not stored. */
  entitlement: Entitlement | null
  cluster: string
  namespaces: readonly string[]
  /** The chosen rules; null if the entitlement fixed them. */
  chosen: Rule[] | null
  /** The rules to grant; null for a refused request. */
  granted: Rule[] | null
  durationSeconds: number
  reason: string
  ticket: string | null
  startsAt: Date | null
  subject: string
  /** Null for requests from before facts were recorded. */
  facts: RecordedFacts | null
  /** What was new to the requester; null if it was not recorded. */
  difference: Difference | null
  /** The labels of the cluster in the policy of that time, for requests without facts. */
  clusterLabels: Readonly<Record<string, string>> | null
}

/** The recorded pods are those of every requested namespace. */
const podsByNamespace = (namespaces: RecordedFacts['namespaces'], pods: NonNullable<RecordedFacts['pods']>) =>
  Object.fromEntries(namespaces.map(({ name }) => [name, pods.filter(({ namespace }) => namespace === name)]))

const historyOf = ({ requests, grants, held }: NonNullable<RecordedFacts['history']>) => ({
  ...(held ? { held: held.map(({ from, to }) => ({ from: new Date(from), to: new Date(to) })) } : {}),
  requests: requests.map((time) => new Date(time)),
  grants: grants.map((time) => new Date(time)),
})

/** The entitlements and clusters of a policy, if it is a whole postern.yaml. Else those of the request apply. */
export type Surroundings = Routing & {
  entitlements: readonly Entitlement[]
  clusters: readonly { name: string; labels: Readonly<Record<string, string>> }[]
}

export type FactsAtSubmission = {
  /** Null if the entitlement does not exist in the policy. */
  facts: JudgementFacts | null
  unknown: UnknownFactName[]
}

function clusterOf(request: RecordedRequest, surroundings: Surroundings | null): JudgementFacts['cluster'] {
  const { facts } = request
  const configured = surroundings?.clusters.find(({ name }) => name === request.cluster)
  const labels = surroundings ? configured?.labels : (facts?.clusterLabels ?? request.clusterLabels)
  const namespaces = facts?.namespaces.flatMap(({ name, labels: of }) => (of ? [{ name, labels: of }] : []))
  const role = request.entitlement?.clusterRole
  // Without recorded facts, the rules of the request are those that the ClusterRole had.
  const roleRules = facts ? facts.clusterRoleRules : request.granted
  return {
    name: request.cluster,
    known: surroundings ? configured !== undefined : true,
    labels: labels ?? {},
    namespaces: facts?.namespacesObserved && namespaces ? namespaces : null,
    clusterRoles: role !== undefined && roleRules ? { [role]: roleRules } : {},
  }
}

const areSameRules = (a: readonly Rule[] | null, b: readonly Rule[] | null) =>
  JSON.stringify(normalizeRules(a ?? [])) === JSON.stringify(normalizeRules(b ?? []))

/**
 * The requester was eligible, or the request would not have been recorded. If their groups are unknown, they count as
 * eligible as long as the entitlement is for the same people.
 */
const withSameEligibility = (entitlement: Entitlement, { entitlement: then, subject }: RecordedRequest): Entitlement =>
  then && JSON.stringify(normalWho(then)) === JSON.stringify(normalWho(entitlement))
    ? { ...entitlement, who: { people: [subject] } }
    : entitlement

const normalWho = ({ who }: Entitlement) => [[...(who.groups ?? [])].sort(), [...(who.people ?? [])].sort()]

/**
 * The facts of a past request at the time it was submitted.
 * @param surroundings null for a policy of guardrails alone
 * @param routing who owners and managers are, by today's policy or the candidate
 * @param mayKnowRequester whether the reader may know the groups of the requester, which expressions can reveal
 */
export function factsAtSubmission(
  request: RecordedRequest,
  {
    surroundings,
    routing,
    mayKnowRequester,
    policyHash,
  }: {
    surroundings: Surroundings | null
    routing: Routing
    mayKnowRequester: boolean
    policyHash: string
  },
): FactsAtSubmission {
  const { facts } = request
  const entitlement = surroundings
    ? surroundings.entitlements.find(({ name }) => name === request.entitlementName)
    : request.entitlement
  if (!entitlement) return { facts: null, unknown: surroundings ? [] : ['entitlement'] }
  const cluster = clusterOf(request, surroundings)
  // If the entitlement has a ceiling now and had none then, the granted rules count as chosen.
  const rules = request.chosen ?? (entitlement.ceiling ? request.granted : null)
  const before =
    request.granted ?? (request.entitlement && grantedRules(request.entitlement, request.chosen, cluster.clusterRoles))
  const after = grantedRules(entitlement, rules, cluster.clusterRoles)
  // The recorded risks and difference belong to the rules of that time. For other rules they are unknown.
  const sameRules = areSameRules(before, after)
  const isKnown = facts !== null && mayKnowRequester
  const difference = request.difference?.known && sameRules ? request.difference : null
  const unknown: UnknownFactName[] = [
    ...(isKnown ? [] : (['groups'] as const)),
    ...(surroundings || facts || request.clusterLabels ? [] : (['cluster labels'] as const)),
    ...(facts?.namespacesObserved ? [] : (['namespaces'] as const)),
    ...(difference === null ? (['difference'] as const) : []),
    ...(facts ? [] : (['risks'] as const)),
  ]
  const namespaces = facts?.namespaces.map(({ name }) => name) ?? request.namespaces
  const email = isKnown ? facts.requester.email : null
  const requester = { subject: request.subject, email, emailVerified: email !== null }
  // Neither the labels that counted nor the manager whom the provider named are recorded.
  const routedFacts = { cluster: request.cluster, namespaces, requester }
  const routed: RequestRouting = { facts: routedFacts, routing, incomplete: true }
  const offered = { ...entitlement, approvals: routedSteps(entitlement.approvals, routed) }
  return {
    unknown,
    facts: {
      routed,
      submission: {
        entitlement: request.entitlementName,
        cluster: request.cluster,
        namespaces,
        rules,
        reason: request.reason,
        ticket: request.ticket,
        durationSeconds: request.durationSeconds,
        startsAt: request.startsAt,
        via: facts?.via ?? null,
      },
      entitlement: isKnown ? offered : withSameEligibility(offered, request),
      requester: {
        subject: request.subject,
        groups: isKnown ? facts.requester.groups : null,
        email,
      },
      cluster,
      // As the groups, it is about the requester.
      history: isKnown && facts.history ? historyOf(facts.history) : null,
      heldSince: facts?.heldSince ? new Date(facts.heldSince) : null,
      pods: facts?.pods && sameRules ? podsByNamespace(facts.namespaces, facts.pods) : null,
      ...(facts?.risks && sameRules ? { risks: facts.risks } : {}),
      ...(difference ? { currentAccess: { difference, risk: {} } } : {}),
      policyHash,
      now: request.at,
    },
  }
}
