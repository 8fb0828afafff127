// The facts of a request as Postern gathers them, judged by the guardrails of the configuration.
import type { Rule } from '#lib/access/rule'
import { type Assessment, assessRisk } from '#lib/rbac/risk/assess'
import type { JudgementFacts } from '../facts.ts'
import { grantedRules } from '../granted-rules.ts'
import type { CompiledGuardrail } from './compile.ts'
import type { PolicyFacts } from './context.ts'
import type { Judgement } from './judge.ts'
import { judge } from './judge.ts'

/** Namespaces that the cluster itself depends on: what runs there has the rights of the cluster. */
const isPrivileged = (namespace: string) => namespace.startsWith('kube-')

/** What is dangerous about rules that are given by RoleBindings in these namespaces. */
export const riskOf = (rules: readonly Rule[], namespaces: readonly string[]): Assessment =>
  assessRisk(rules, {
    scope: 'namespace',
    namespaceKind: namespaces.some(isPrivileged) ? 'privileged' : 'ordinary',
  })

/** Finds the rules and their risks, and judges. Nothing is looked up: the same facts give the same judgement. */
export function judgeRequest(
  compiled: readonly CompiledGuardrail[],
  { submission, entitlement, requester, cluster, now, stage }: JudgementFacts,
  /** What the requester cannot do today; null where it is not known. */
  difference: PolicyFacts['difference'] = null,
): Judgement {
  const rules = grantedRules(entitlement, submission.rules, cluster.clusterRoles)
  const risks = rules ? riskOf(rules, submission.namespaces).findings : []
  const facts: PolicyFacts = { submission, entitlement, requester, cluster, rules, risks, difference, stage }
  return judge(compiled, facts, now)
}
