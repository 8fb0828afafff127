// An ask of the past, as it was asked and with the facts it had, made into facts for another policy.
import type { Difference } from '#lib/core/access/difference'
import type { Entitlement } from '#lib/core/access/entitlement'
import type { UnknownFactName } from '#lib/core/access/policy-trial'
import type { RecordedFacts } from '#lib/core/access/recorded-facts'
import type { Rule } from '#lib/core/access/rule'
import { normalizeRules } from '#lib/core/access/rule'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'

export type RecordedRequest = {
  at: Date
  entitlementName: string
  /** As it stood then; null where that version was not kept. */
  entitlement: Entitlement | null
  cluster: string
  namespaces: readonly string[]
  /** What was chosen; null where the entitlement says it all. */
  chosen: Rule[] | null
  /** What would have been granted; null for an ask that was refused. */
  granted: Rule[] | null
  durationSeconds: number
  reason: string
  ticket: string | null
  startsAt: Date | null
  subject: string
  /** Null in asks of before they were kept. */
  facts: RecordedFacts | null
  /** What of it was new to the requester; null where it was not kept. */
  difference: Difference | null
  /** Of the cluster, as the configuration of then has them: for asks without facts. */
  clusterLabels: Readonly<Record<string, string>> | null
}

/** The configuration that an ask is held against, where a whole one is: else entitlement and cluster are those of then. */
export type Surroundings = {
  entitlements: readonly Entitlement[]
  clusters: readonly { name: string; labels: Readonly<Record<string, string>> }[]
}

export type FactsOfThen = {
  /** Null where there is no such entitlement (any more). */
  facts: JudgementFacts | null
  unknown: UnknownFactName[]
}

function clusterOf(ask: RecordedRequest, surroundings: Surroundings | null): JudgementFacts['cluster'] {
  const { facts } = ask
  const configured = surroundings?.clusters.find(({ name }) => name === ask.cluster)
  const labels = surroundings ? configured?.labels : (facts?.clusterLabels ?? ask.clusterLabels)
  const seen = facts?.namespaces.flatMap(({ name, labels: of }) => (of ? [{ name, labels: of }] : []))
  const role = ask.entitlement?.clusterRole
  // Before facts were kept, the rules of a request were those of the ClusterRole.
  const ofRole = facts ? facts.clusterRoleRules : ask.granted
  return {
    name: ask.cluster,
    known: surroundings ? configured !== undefined : true,
    labels: labels ?? {},
    namespaces: facts?.namespacesObserved && seen ? seen : null,
    clusterRoles: role !== undefined && ofRole ? { [role]: ofRole } : {},
  }
}

const isSame = (a: readonly Rule[] | null, b: readonly Rule[] | null) =>
  JSON.stringify(normalizeRules(a ?? [])) === JSON.stringify(normalizeRules(b ?? []))

/**
 * Only whoever may ask for something is heard, so who asked could. Where their groups are not known it stays so as long as
 * the entitlement is for the same people.
 */
const eligibleAsThen = (entitlement: Entitlement, { entitlement: then, subject }: RecordedRequest): Entitlement =>
  then && JSON.stringify(normalWho(then)) === JSON.stringify(normalWho(entitlement))
    ? { ...entitlement, who: { people: [subject] } }
    : entitlement

const normalWho = ({ who }: Entitlement) => [[...(who.groups ?? [])].sort(), [...(who.people ?? [])].sort()]

/**
 * The facts of an ask as it was asked.
 * @param surroundings a whole other configuration, or null: then it is held against other guardrails alone
 * @param mayKnowRequester whether the reader may learn what is known of the requester: an expression can tell it
 */
export function factsOfThen(
  ask: RecordedRequest,
  {
    surroundings,
    mayKnowRequester,
    policyHash,
  }: {
    surroundings: Surroundings | null
    mayKnowRequester: boolean
    policyHash: string
  },
): FactsOfThen {
  const { facts } = ask
  const entitlement = surroundings
    ? surroundings.entitlements.find(({ name }) => name === ask.entitlementName)
    : ask.entitlement
  if (!entitlement) return { facts: null, unknown: surroundings ? [] : ['entitlement'] }
  const cluster = clusterOf(ask, surroundings)
  // Where there is a ceiling now and was none, what was granted is what has to fit.
  const rules = ask.chosen ?? (entitlement.ceiling ? ask.granted : null)
  const before = ask.granted ?? (ask.entitlement && grantedRules(ask.entitlement, ask.chosen, cluster.clusterRoles))
  const after = grantedRules(entitlement, rules, cluster.clusterRoles)
  // Risk and difference are of the rules of then: where these are others, they are not known.
  const sameRules = isSame(before, after)
  const isKnown = facts !== null && mayKnowRequester
  const difference = ask.difference?.known && sameRules ? ask.difference : null
  const unknown: UnknownFactName[] = [
    ...(isKnown ? [] : (['groups'] as const)),
    ...(surroundings || facts || ask.clusterLabels ? [] : (['cluster labels'] as const)),
    ...(facts?.namespacesObserved ? [] : (['namespaces'] as const)),
    ...(difference === null ? (['difference'] as const) : []),
    ...(facts ? [] : (['risks'] as const)),
  ]
  return {
    unknown,
    facts: {
      submission: {
        entitlement: ask.entitlementName,
        cluster: ask.cluster,
        namespaces: facts?.namespaces.map(({ name }) => name) ?? ask.namespaces,
        rules,
        reason: ask.reason,
        ticket: ask.ticket,
        durationSeconds: ask.durationSeconds,
        startsAt: ask.startsAt,
      },
      entitlement: isKnown ? entitlement : eligibleAsThen(entitlement, ask),
      requester: {
        subject: ask.subject,
        groups: isKnown ? facts.requester.groups : null,
        email: isKnown ? facts.requester.email : null,
      },
      cluster,
      ...(facts?.risks && sameRules ? { risks: facts.risks } : {}),
      ...(difference ? { currentAccess: { difference, risk: {} } } : {}),
      policyHash,
      now: ask.at,
    },
  }
}
