// May this request be submitted, approved, granted? The preview, the submission, the decision and the worker all call this.
import { formatDuration } from '#lib/core/access/duration'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { writtenApprovers } from '#lib/core/access/on-call'
import { isUnrouted, type RequestRouting } from '#lib/core/access/routing'
import type { Verdict, Violation } from '#lib/core/access/verdict-resource'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import { approvalSteps } from '#lib/core/guardrails/configured/approval-steps'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import {
  type GuardrailRequirement,
  guardrailsNotEvaluated,
  type Judgement,
  judge,
} from '#lib/core/guardrails/configured/judge-configured'
import { policyFactsOf } from '#lib/core/guardrails/configured/judge-request'
import { type Attendance, attendanceOf } from '#lib/core/guardrails/configured/unattended'
import { evaluate, isTooLarge } from '#lib/core/guardrails/limits/all'
import { isOutside } from '#lib/core/guardrails/limits/namespace-not-covered'
import type { JudgementFacts } from './facts.ts'
import { tooFewNamed } from './too-few-named.ts'

export type FullJudgement = {
  verdict: Verdict
  /** Who must approve: the steps of the entitlement, and those that guardrails add. */
  steps: ApprovalStep[]
  /** Why none of these people is asked; null if they are. */
  unattended: Attendance['unattended']
  limits: Judgement['limits']
  guardrailRequirements: GuardrailRequirement[]
  /** What they require together. The verdict has it too, without when a step escalates. */
  requirements: Judgement['requirements']
  /** The facts that the guardrails of the policy saw. */
  policyFacts: PolicyFacts
}

/** Limits whose violation means that the guardrails do not get the rules. That they need them is then no news. */
const rulesUnknown = new Set(['rules-missing', 'cluster-role-unknown', 'rules-too-many'])

function withoutRepetition(ofLimits: readonly Violation[], ofGuardrails: readonly Violation[]): Violation[] {
  const isKnown = ofLimits.some(({ code }) => rulesUnknown.has(code))
  return isKnown ? ofGuardrails.filter(({ code }) => code !== guardrailsNotEvaluated) : [...ofGuardrails]
}

/** A judgement of the guardrails, in the form that is stored and shown. */
export function verdictOf(judgement: Judgement, policyVersion: string): Verdict {
  const { violations, warnings, requirements, limits, passesNextAt, matched } = judgement
  return {
    policyVersion,
    violations,
    warnings,
    passesNextAt: passesNextAt?.toISOString() ?? null,
    until: limits.until?.toISOString() ?? null,
    requirements: {
      ...requirements,
      approvals: requirements.approvals.map((step) => ({
        groups: isUnrouted(step) ? writtenApprovers(step) : step.groups,
        count: step.count,
      })),
    },
    maxDuration: limits.maxDurationSeconds === null ? null : formatDuration(limits.maxDurationSeconds),
    matched,
    automatic: null,
  }
}

const withoutLabels = (routed: RequestRouting, isHidden: (namespace: string) => boolean): RequestRouting => {
  const labels = new Map([...(routed.facts.labels ?? [])].filter(([name]) => !isHidden(name)))
  return { ...routed, facts: { ...routed.facts, labels } }
}

/**
 * The facts without anything that was read about namespaces outside the entitlement, so that no message of a guardrail
 * reveals whether such a namespace exists.
 */
function withoutOutsideNamespaces(facts: JudgementFacts): JudgementFacts {
  const { cluster, submission, currentAccess } = facts
  const namespaces = cluster.namespaces?.filter(({ name }) => !isOutside(facts, name)) ?? null
  const isInside = !submission.namespaces?.some((name) => isOutside(facts, name))
  return {
    ...{ ...facts, cluster: { ...cluster, namespaces }, currentAccess: isInside ? currentAccess : undefined },
    routed: facts.routed && withoutLabels(facts.routed, (name) => isOutside(facts, name)),
  }
}

/** The facts without chosen rules that are too many, so that neither their risks nor a guardrail are worked out for them. */
const withoutRules = (facts: JudgementFacts): JudgementFacts => ({
  ...facts,
  submission: { ...facts.submission, rules: null },
})

const notEvaluated = (problem: string): Violation => ({
  code: 'automatic-not-evaluated',
  pointer: '',
  sentence: `The condition for automatic approval couldn't be evaluated, so people decide: ${problem.replace(/\.$/, '')}.`,
})

/**
 * The verdict of all limits and all guardrails at one moment, with every violation and every warning. No violations means
 * that the request is permitted.
 * @param compiled the guardrails of the current policy
 */
export function judgeFully(compiled: readonly CompiledGuardrail[], facts: JudgementFacts): FullJudgement {
  const ofLimits = evaluate(facts)
  const policyFacts = policyFactsOf(withoutOutsideNamespaces(isTooLarge(ofLimits) ? withoutRules(facts) : facts))
  const judgement = judge(compiled, policyFacts, facts.now)
  const { requirements, limits, guardrailRequirements } = judgement
  const ofGuardrails = verdictOf(judgement, facts.policyHash)
  const verdict: Verdict = {
    ...ofGuardrails,
    violations: [...ofLimits, ...withoutRepetition(ofLimits, judgement.violations)],
    // While a limit is violated, waiting does not help.
    passesNextAt: ofLimits.length === 0 ? ofGuardrails.passesNextAt : null,
  }
  const { unattended, problem } = attendanceOf(policyFacts, { requirements, violations: verdict.violations }, facts.now)
  if (unattended === 'automatic') verdict.automatic = facts.entitlement.automatic?.when ?? null
  if (problem !== null && (facts.stage ?? 'submitting') === 'submitting') verdict.warnings.push(notEvaluated(problem))
  const steps = unattended ? [] : approvalSteps(facts.entitlement.approvals, requirements)
  const named = tooFewNamed(steps, facts)
  verdict.violations.push(...named)
  if (named.length > 0) verdict.passesNextAt = null
  return {
    verdict,
    unattended,
    steps,
    limits,
    guardrailRequirements,
    requirements,
    policyFacts,
  }
}
