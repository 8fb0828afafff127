// Judges a request by the guardrails of the policy.
import type { Difference } from '#lib/core/access/difference'
import { isSystemNamespace } from '#lib/core/access/namespaces'
import type { Rule } from '#lib/core/access/rule'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { reachedPods } from '#lib/core/guardrails/pod-facts'
import { breakdown } from '#lib/core/rbac/breakdown'
import type { CurrentAccess } from '#lib/core/rbac/current-access'
import { type Assessment, assessRisk } from '#lib/core/rbac/risk/assess'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import type { CompiledGuardrail } from './compile.ts'
import type { Judgement } from './judge-configured.ts'
import { judge } from './judge-configured.ts'

/** What the risks of rules depend on, apart from the rules. */
export type RiskFacts = {
  /** What the cluster adds; lists do without. */
  live?: CurrentAccess['risk'] | undefined
  /** The risks that the policy adds to the catalogue. */
  configuredRisks: readonly ExtensionRisk[]
}

/** The risks of rules that RoleBindings in these namespaces grant. */
export const riskOf = (
  rules: readonly Rule[],
  namespaces: readonly string[],
  { live, configuredRisks }: RiskFacts,
): Assessment =>
  assessRisk(rules, {
    ...live,
    configuredRisks,
    scope: 'namespace',
    namespaceKind: namespaces.some(isSystemNamespace) ? 'privileged' : 'ordinary',
  })

/** Each permission that would be new to the requester, as expressions see it; null if unknown. */
function addedPermissions(difference: Difference | undefined): PolicyFacts['difference'] {
  if (!difference?.known) return null
  return difference.gained.flatMap(({ namespaces, rules }) =>
    breakdown(rules, namespaces).map(({ verb, group, resource, subresource, name, namespace }) => {
      return { verb, group, resource: subresource ? `${resource}/${subresource}` : resource, name, namespace }
    }),
  )
}

/** The facts that the guardrails see, with the granted rules and their risks worked out. */
export function policyFactsOf(facts: JudgementFacts): PolicyFacts {
  const {
    submission,
    entitlement,
    requester,
    cluster,
    stage,
    currentAccess,
    history,
    heldSince,
    refusedRecently,
    configuredRisks = [],
    routed,
  } = facts
  const pods = (rules: readonly Rule[]) => reachedPods(rules, submission.namespaces, facts.pods ?? null)
  const rules = grantedRules(entitlement, submission.rules, cluster.clusterRoles)
  const assess = (rules: readonly Rule[]) =>
    riskOf(rules, submission.namespaces, { live: currentAccess?.risk, configuredRisks }).findings
  const risks = facts.risks ?? (rules ? assess(rules) : [])
  const difference = addedPermissions(currentAccess?.difference)
  return {
    submission,
    entitlement,
    requester,
    cluster,
    rules,
    risks,
    difference,
    history,
    heldSince,
    refusedRecently,
    pods: rules && pods(rules),
    stage,
    routed,
  }
}

export const judgeRequest = (compiled: readonly CompiledGuardrail[], facts: JudgementFacts): Judgement =>
  judge(compiled, policyFactsOf(facts), facts.now)
