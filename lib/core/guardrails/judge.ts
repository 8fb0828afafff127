// May this be asked for, approved, granted? The one answer: asking, the dry run, deciding and granting all come here.
import { formatDuration } from '#lib/core/access/duration'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import type { Verdict, Violation } from '#lib/core/access/verdict-resource'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import { approvalSteps } from '#lib/core/guardrails/configured/approval-steps'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { type GuardrailRequirement, type Judgement, judge } from '#lib/core/guardrails/configured/judge-configured'
import { policyFactsOf } from '#lib/core/guardrails/configured/judge-request'
import { evaluate } from '#lib/core/guardrails/limits/all'
import { isOutside } from '#lib/core/guardrails/limits/namespace-not-covered'
import type { JudgementFacts } from './facts.ts'

export type FullJudgement = {
  verdict: Verdict
  /** Who must approve: the steps of the entitlement, and what the guardrails want besides. */
  steps: ApprovalStep[]
  limits: Judgement['limits']
  guardrailRequirements: GuardrailRequirement[]
  /** What the guardrails were shown. */
  seen: PolicyFacts
}

/** Where these were found the rules are not known, and that the guardrails could not look at them says it again. */
const rulesUnknown = new Set(['rules-missing', 'cluster-role-unknown'])

function withoutEcho(own: readonly Violation[], more: readonly Violation[]): Violation[] {
  const isSaid = own.some(({ code }) => rulesUnknown.has(code))
  return isSaid ? more.filter(({ code }) => code !== 'guardrails-unjudged') : [...more]
}

/** What guardrails say, as it is kept and shown. */
export function verdictOf(judgement: Judgement, policyVersion: string): Verdict {
  const { violations, warnings, requirements, limits, passesNextAt, matched } = judgement
  return {
    policyVersion,
    violations,
    warnings,
    passesNextAt: passesNextAt?.toISOString() ?? null,
    until: limits.until?.toISOString() ?? null,
    requirements,
    maxDuration: limits.maxDurationSeconds === null ? null : formatDuration(limits.maxDurationSeconds),
    matched,
  }
}

/**
 * What guardrails may look at: of a namespace outside the entitlement nothing that was read in the cluster, so that no
 * sentence of theirs tells whether it exists.
 */
function withoutOthers(facts: JudgementFacts): JudgementFacts {
  const { cluster, submission, currentAccess } = facts
  const namespaces = cluster.namespaces?.filter(({ name }) => !isOutside(facts, name)) ?? null
  const isAllTheirs = !submission.namespaces?.some((name) => isOutside(facts, name))
  return { ...facts, cluster: { ...cluster, namespaces }, currentAccess: isAllTheirs ? currentAccess : undefined }
}

/**
 * Everything that Postern, the entitlement and the guardrails of the configuration say, at one moment. Every violation
 * and every warning, never only the first; no violations means that it is permitted.
 * @param compiled the guardrails of the policy in force
 */
export function judgeFully(compiled: readonly CompiledGuardrail[], facts: JudgementFacts): FullJudgement {
  const own = evaluate(facts)
  const seen = policyFactsOf(withoutOthers(facts))
  const judgement = judge(compiled, seen, facts.now)
  const { requirements, limits, guardrailRequirements } = judgement
  const said = verdictOf(judgement, facts.policyHash)
  const verdict: Verdict = {
    ...said,
    violations: [...own, ...withoutEcho(own, judgement.violations)],
    // Where something else is in its way too, waiting does not help.
    passesNextAt: own.length === 0 ? said.passesNextAt : null,
  }
  return {
    verdict,
    steps: approvalSteps(facts.entitlement.approvals, requirements),
    limits,
    guardrailRequirements,
    seen,
  }
}
