import type { RiskResource } from '#lib/access/resources'
import type { Rule } from '#lib/access/rule'
import { riskOf as assess } from '#lib/guardrails/policy/judge-request'

/** What is dangerous about rules in these namespaces, for readers; by the same assessment as the guardrails see. */
export function riskOf(rules: readonly Rule[], namespaces: readonly string[]): RiskResource {
  const { severity, findings } = assess(rules, namespaces)
  return { severity, findings: findings.map(({ rules: _rules, ...finding }) => finding) }
}
