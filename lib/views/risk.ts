import { currentPolicy } from '#lib/adapters/policy/current'
import type { RecordedFacts } from '#lib/core/access/recorded-facts'
import type { RiskResource } from '#lib/core/access/risk-resource'
import type { Rule } from '#lib/core/access/rule'
import { type Severity, severities } from '#lib/core/access/severity'
import { riskOf as assess, type RiskFacts } from '#lib/core/guardrails/configured/judge-request'

/** The risk of rules in these namespaces, by the same assessment that guardrails read. */
export function riskOf(rules: readonly Rule[], namespaces: readonly string[], live?: RiskFacts['live']): RiskResource {
  const configuredRisks = currentPolicy().configuration.risks
  const { severity, findings } = assess(rules, namespaces, { live, configuredRisks })
  return {
    severity,
    findings: findings.map(({ id, severity, sentence, outlives, because, partOf }) => {
      return { id, severity, sentence, outlives, because, partOf }
    }),
  }
}

/** The risk as it was recorded on submission, by the cluster of that time: the one that approvers decided by. */
export function recordedRisk(risk: RiskResource, recorded: RecordedFacts['risks']): RiskResource {
  const known = new Map(recorded?.map((one) => [one.id, one]))
  const findings = risk.findings.map((finding) => {
    const { severity = finding.severity, because = finding.because } = known.get(finding.id) ?? {}
    return { ...finding, severity: severity as Severity, because }
  })
  const severity = severities.findLast((one) => findings.some((finding) => finding.severity === one)) ?? risk.severity
  return { severity, findings }
}
