// Runs the test cases of a policy, for `postern policy test`.

import { formatDuration } from '#lib/core/access/duration'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import { onCallGroup, writtenApprovers } from '#lib/core/access/on-call'
import { isUnrouted, type RequestRouting, type Routing, routedSteps } from '#lib/core/access/routing'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { type Judgement, judge } from '#lib/core/guardrails/configured/judge-configured'
import { attendanceOf } from '#lib/core/guardrails/configured/unattended'
import type { ParsedPolicyCase } from '#lib/core/guardrails/pack/case'
import { assessRisk } from '#lib/core/rbac/risk/assess'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'

/** One expectation that was not met. */
export type Difference = { what: string; expected: string; found: string }
export type CaseResult = { name: string; passed: boolean; differences: Difference[]; judgement: Judgement }

/** The rest of the policy, if it is a whole postern.yaml: a case names the entitlement whose condition it is about. */
type Surroundings = Routing & { entitlements: readonly Pick<Entitlement, 'name' | 'automatic' | 'breakGlass'>[] }

/** Who owners and managers are in a case. The requester can't set the labels of the namespaces. */
const routingOf = (given: ParsedPolicyCase['given'], labelled: Labelled, routing: Routing): RequestRouting => ({
  routing,
  facts: {
    cluster: given.cluster,
    namespaces: labelled.map(({ name }) => name),
    requester: {
      ...{ subject: given.requester, email: given.email ?? null, emailVerified: given.email !== undefined },
      ...(given.manager === undefined ? {} : { manager: given.manager }),
    },
    labels: new Map(labelled.map(({ name, labels }) => [name, { labels }])),
  },
})
type Labelled = readonly { name: string; labels: Record<string, string> }[]

/** The `given` of a case as facts. */
export function givenFacts(
  given: ParsedPolicyCase['given'],
  configuredRisks: readonly ExtensionRisk[],
  surroundings?: Surroundings | null,
): PolicyFacts {
  const offered = surroundings?.entitlements.find(({ name }) => name === given.entitlement)
  const { namespaces } = given
  const labelled = Array.isArray(namespaces)
    ? namespaces.map((name) => ({ name, labels: {} }))
    : Object.entries(namespaces).map(([name, labels]) => ({ name, labels }))
  const routed = surroundings ? routingOf(given, labelled, surroundings) : undefined
  return {
    routed,
    submission: {
      namespaces: labelled.map(({ name }) => name),
      reason: given.reason,
      ticket: given.ticket ?? null,
      durationSeconds: given.duration,
      startsAt: given.startsAt ? new Date(given.startsAt) : null,
      via: given.via,
    },
    entitlement: {
      ...{ name: given.entitlement, approvals: routedSteps(given.approvals, routed), clusterRole: given.clusterRole },
      ...{ automatic: offered?.automatic, breakGlass: offered?.breakGlass },
    },
    requester: {
      subject: given.requester,
      email: given.email ?? null,
      groups: [...given.groups, ...given.onCall.map(onCallGroup)],
    },
    cluster: { name: given.cluster, labels: given.clusterLabels, namespaces: labelled },
    rules: given.rules,
    risks: given.risks ?? assessRisk(given.rules, { scope: 'namespace', configuredRisks }).findings,
    difference: given.difference,
    history: given.history && {
      requests: given.history.requests.map((time) => new Date(time)),
      grants: given.history.grants.map((time) => new Date(time)),
      held: given.history.held.map(({ from, to }) => ({ from: new Date(from), to: new Date(to) })),
    },
    pods: given.pods,
    stage: given.stage,
  }
}

const list = (names: readonly string[]) => [...names].sort().join(', ') || 'none'
const instant = (date: Date | null) => date?.toISOString() ?? 'never'

/** Each expectation and what was found; undefined where the case has no expectation. */
function comparisons({ expect }: ParsedPolicyCase, found: Judgement, isAutomatic: boolean): (Difference | undefined)[] {
  const compare = <T>(what: string, expected: T | undefined, format: (value: T) => string, actual: string) =>
    expected === undefined ? undefined : { what, expected: format(expected), found: actual }
  const { limits, requirements } = found
  const maximum = limits.maxDurationSeconds === null ? 'none' : formatDuration(limits.maxDurationSeconds)
  const approvals = (steps: readonly ApprovalStep[]) =>
    list(steps.map((step) => `${step.count} of ${list(isUnrouted(step) ? writtenApprovers(step) : step.groups)}`))
  const codes = (violations: Judgement['violations']) => list(violations.map(({ code }) => code))
  return [
    compare('violations', expect.violations, list, codes(found.violations)),
    compare('warnings', expect.warnings, list, codes(found.warnings)),
    compare('approvals', expect.approvals, approvals, approvals(requirements.approvals)),
    compare('approvers', expect.approvers, String, String(requirements.approvers)),
    compare('automatic', expect.automatic, String, String(isAutomatic)),
    compare('maxDuration', expect.maxDuration, formatDuration, maximum),
    compare('until', expect.until, (text) => instant(new Date(text)), instant(limits.until)),
    compare(
      'passesNextAt',
      expect.passesNextAt,
      (text) => instant(text === null ? null : new Date(text)),
      instant(found.passesNextAt),
    ),
  ]
}

/**
 * Judges each case by the guardrails and compares the verdict with the expectations.
 * @param configuredRisks the risks that the policy adds to the catalogue
 */
export function runPolicyCases(
  compiled: readonly CompiledGuardrail[],
  cases: readonly ParsedPolicyCase[],
  configuredRisks: readonly ExtensionRisk[] = [],
  surroundings?: Surroundings | null,
): CaseResult[] {
  return cases.map((policyCase) => {
    const facts = givenFacts(policyCase.given, configuredRisks, surroundings)
    const now = new Date(policyCase.given.now)
    const judgement = judge(compiled, facts, now)
    const { unattended } = attendanceOf(facts, judgement, now)
    const differences = comparisons(policyCase, judgement, unattended === 'automatic').filter(
      (comparison) => comparison !== undefined && comparison.expected !== comparison.found,
    ) as Difference[]
    return { name: policyCase.name, passed: differences.length === 0, differences, judgement }
  })
}
