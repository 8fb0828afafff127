// The facts of a request as Postern gathers them, judged by the guardrails of the configuration.
import type { Difference } from '#lib/core/access/difference'
import { isSystemNamespace } from '#lib/core/access/namespaces'
import type { Rule } from '#lib/core/access/rule'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { breakdown } from '#lib/core/rbac/breakdown'
import type { CurrentAccess } from '#lib/core/rbac/current-access'
import { type Assessment, assessRisk } from '#lib/core/rbac/risk/assess'
import type { CompiledGuardrail } from './compile.ts'
import type { Judgement } from './judge-configured.ts'
import { judge } from './judge-configured.ts'

/** What is dangerous about rules that are given by RoleBindings in these namespaces. */
export const riskOf = (
  rules: readonly Rule[],
  namespaces: readonly string[],
  live?: CurrentAccess['risk'],
): Assessment =>
  assessRisk(rules, {
    ...live,
    scope: 'namespace',
    namespaceKind: namespaces.some(isSystemNamespace) ? 'privileged' : 'ordinary',
  })

/** What would be new, each single right, as expressions see it; null where it is not known. */
function addedRights(difference: Difference | undefined): PolicyFacts['difference'] {
  if (!difference?.known) return null
  return difference.gained.flatMap(({ namespaces, rules }) =>
    breakdown(rules, namespaces).map(({ verb, group, resource, subresource, name, namespace }) => {
      return { verb, group, resource: subresource ? `${resource}/${subresource}` : resource, name, namespace }
    }),
  )
}

/** What the guardrails are shown of a request: its rules and their risks are found. Nothing is looked up. */
export function policyFactsOf(facts: JudgementFacts): PolicyFacts {
  const { submission, entitlement, requester, cluster, stage, currentAccess } = facts
  const rules = grantedRules(entitlement, submission.rules, cluster.clusterRoles)
  const risks = facts.risks ?? (rules ? riskOf(rules, submission.namespaces, currentAccess?.risk).findings : [])
  const difference = addedRights(currentAccess?.difference)
  return { submission, entitlement, requester, cluster, rules, risks, difference, stage }
}

/** The same facts give the same judgement. */
export const judgeRequest = (compiled: readonly CompiledGuardrail[], facts: JudgementFacts): Judgement =>
  judge(compiled, policyFactsOf(facts), facts.now)
