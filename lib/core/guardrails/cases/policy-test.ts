// Does a policy do what its cases say? The cases stand beside the policy; `postern policy test` runs them.
import { formatDuration } from '#lib/core/access/duration'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { type Judgement, judge } from '#lib/core/guardrails/configured/judge-configured'
import type { ReadPolicyCase } from '#lib/core/guardrails/pack/case'
import { assessRisk } from '#lib/core/rbac/risk/assess'

/** One expectation that was not met: what was expected and what was found, in words. */
export type Difference = { what: string; expected: string; found: string }
export type CaseResult = { name: string; passed: boolean; differences: Difference[]; judgement: Judgement }

/** What a case gives, as the guardrails see it. */
export function givenFacts(given: ReadPolicyCase['given']): PolicyFacts {
  const { namespaces } = given
  const labelled = Array.isArray(namespaces)
    ? namespaces.map((name) => ({ name, labels: {} }))
    : Object.entries(namespaces).map(([name, labels]) => ({ name, labels }))
  return {
    submission: {
      namespaces: labelled.map(({ name }) => name),
      reason: given.reason,
      ticket: given.ticket ?? null,
      durationSeconds: given.duration,
      startsAt: given.startsAt ? new Date(given.startsAt) : null,
    },
    entitlement: { name: given.entitlement, approvals: given.approvals, clusterRole: given.clusterRole },
    requester: { subject: given.requester, groups: given.groups },
    cluster: { name: given.cluster, labels: given.clusterLabels, namespaces: labelled },
    rules: given.rules,
    risks: given.risks ?? assessRisk(given.rules, { scope: 'namespace' }).findings,
    difference: given.difference,
    stage: given.stage,
  }
}

const list = (names: readonly string[]) => [...names].sort().join(', ') || 'none'
const instant = (date: Date | null) => date?.toISOString() ?? 'never'

/** Each expectation with what was found; undefined where the case says nothing about it. */
function comparisons({ expect }: ReadPolicyCase, found: Judgement): (Difference | undefined)[] {
  const when = <T>(what: string, expected: T | undefined, say: (value: T) => string, actual: string) =>
    expected === undefined ? undefined : { what, expected: say(expected), found: actual }
  const { limits, requirements } = found
  const maximum = limits.maxDurationSeconds === null ? 'none' : formatDuration(limits.maxDurationSeconds)
  const approvals = (steps: readonly { groups: readonly string[]; count: number }[]) =>
    list(steps.map(({ groups, count }) => `${count} of ${list(groups)}`))
  const codes = (violations: Judgement['violations']) => list(violations.map(({ code }) => code))
  return [
    when('violations', expect.violations, list, codes(found.violations)),
    when('warnings', expect.warnings, list, codes(found.warnings)),
    when('approvals', expect.approvals, approvals, approvals(requirements.approvals)),
    when('approvers', expect.approvers, String, String(requirements.approvers)),
    when('maxDuration', expect.maxDuration, formatDuration, maximum),
    when('until', expect.until, (text) => instant(new Date(text)), instant(limits.until)),
    when(
      'passesNextAt',
      expect.passesNextAt,
      (text) => instant(text === null ? null : new Date(text)),
      instant(found.passesNextAt),
    ),
  ]
}

/** Judges each case by the guardrails and says where the verdict is another than expected. */
export function runPolicyCases(compiled: readonly CompiledGuardrail[], cases: readonly ReadPolicyCase[]): CaseResult[] {
  return cases.map((policyCase) => {
    const judgement = judge(compiled, givenFacts(policyCase.given), new Date(policyCase.given.now))
    const differences = comparisons(policyCase, judgement).filter(
      (comparison) => comparison !== undefined && comparison.expected !== comparison.found,
    ) as Difference[]
    return { name: policyCase.name, passed: differences.length === 0, differences, judgement }
  })
}
