import type { RiskResource } from '#lib/access/resources'
import type { Rule } from '#lib/access/rule'
import { riskOf as assess } from '#lib/guardrails/policy/judge-request'
import type { Present } from '#lib/rbac/present'

/**
 * What is dangerous about rules in these namespaces, for readers; by the same assessment as the guardrails see.
 * @param live what the cluster says besides; lists do without
 */
export function riskOf(rules: readonly Rule[], namespaces: readonly string[], live?: Present['risk']): RiskResource {
  const { severity, findings } = assess(rules, namespaces, live)
  return { severity, findings: findings.map(({ rules: _rules, ...finding }) => finding) }
}
