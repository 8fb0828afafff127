// Tries out a candidate policy: what would its verdict be on past requests, or on a sample? The candidate never becomes
// the current policy. It runs in a separate thread (trial-thread.ts), because its text is untrusted.
import { writtenApprovers } from '#lib/core/access/on-call'
import type { Change, Outcome, ReplayInput, Trial, UnknownFactName } from '#lib/core/access/policy-trial'
import { isUnrouted, type Routing } from '#lib/core/access/routing'
import type { Severity } from '#lib/core/access/severity'
import { nothingMore } from '#lib/core/access/verdict'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { parseSample } from '#lib/core/guardrails/cases/policy-case-file'
import { givenFacts } from '#lib/core/guardrails/cases/policy-test'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import { approvalSteps } from '#lib/core/guardrails/configured/approval-steps'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { describeEffect } from '#lib/core/guardrails/configured/describe-guardrail'
import { type Judgement, judge } from '#lib/core/guardrails/configured/judge-configured'
import { attendanceOf } from '#lib/core/guardrails/configured/unattended'
import { judgeFully, verdictOf } from '#lib/core/guardrails/judge'
import { changesBetween, type Judged, outcomeOf } from '#lib/core/guardrails/replay/changes'
import type { PastRequest } from '#lib/core/guardrails/replay/past-request'
import { factsAtSubmission, type Surroundings } from '#lib/core/guardrails/replay/recorded-request'
import { compilePolicy, type GuardrailsSection } from '#lib/core/guardrails/section'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import { parseCandidate } from './parse.ts'

/** A problem in the policy or in the sample; line and column count from 1. */
export type TrialProblem = { in: 'policy' | 'sample'; line: number; column: number; path: string; message: string }

/** The current policy as plain data. */
export type PolicyForTrial = {
  hash: string
  section: GuardrailsSection
  calendars: ReadonlyMap<string, string>
  surroundings: Surroundings
}

export type CandidateText = { text: string; calendars: ReadonlyMap<string, string> }

export type ReplayTask = {
  kind: 'replay'
  candidate: CandidateText
  against: ReplayInput['against']
  policyForTrial: PolicyForTrial
  requests: PastRequest[]
  /** Milliseconds after which the remaining requests are skipped. */
  budget: number
}
export type JudgeTask = {
  kind: 'judge'
  /** Null: the current policy. */
  candidate: CandidateText | null
  policyForTrial: PolicyForTrial
  subject: { request: PastRequest } | { sample: string }
}
export type TrialTask = ReplayTask | JudgeTask

export type ReplayedRequest = {
  /** The index in the task's `requests`. */
  index: number
  before: Outcome
  after: Outcome
  changes: Change[]
  more: number
  unknown: UnknownFactName[]
}
export type ReplayResult = {
  hash: string
  judged: number
  changed: ReplayedRequest[]
  guardrails: { name: string; before: number | null; after: number }[]
}
export type TrialResult<T extends TrialTask> =
  | { ok: true; result: T extends ReplayTask ? ReplayResult : Trial }
  | { ok: false; problems: TrialProblem[] }

type Policy = {
  hash: string
  compiled: CompiledGuardrail[]
  surroundings: Surroundings | null
  routing: Routing
  configuredRisks: readonly ExtensionRisk[]
}

const mostProblems = 50
const mostChanges = 20
/** The number of guardrails that are counted by name, because a candidate may have thousands. */
const mostCounted = 200

const refused = (where: TrialProblem['in'], problems: readonly Omit<TrialProblem, 'in'>[]) => ({
  ok: false as const,
  problems: problems.slice(0, mostProblems).map(({ line, column, path, message }) => {
    return { in: where, line, column, path, message: message.slice(0, 500) }
  }),
})

function compileCurrent(current: PolicyForTrial, surroundings: Surroundings | null): Policy {
  const { hash, section, calendars, surroundings: routing } = current
  const result = compilePolicy(section, calendars)
  if (!result.ok) throw new Error(`accepted guardrails do not compile: ${result.problems[0]?.message}`)
  return { hash, compiled: result.compiled, surroundings, routing, configuredRisks: section.risks }
}

/** A request for an entitlement that no longer exists is refused. */
function entitlementGone(name: string, hash: string): Verdict {
  const sentence = `There is no entitlement ${name} in this configuration.`
  const violations = [{ code: 'unknown-entitlement', pointer: '/entitlement', sentence }]
  return { policyVersion: hash, violations, warnings: [], ...nothingMore }
}

function judgePastRequest(request: PastRequest, { hash, compiled, surroundings, routing, configuredRisks }: Policy) {
  const { mayKnowRequester } = request
  const { facts, unknown } = factsAtSubmission(request, { surroundings, routing, mayKnowRequester, policyHash: hash })
  if (!facts)
    return {
      verdict: entitlementGone(request.entitlementName, hash),
      steps: [],
      guardrailRequirements: [],
      unknown,
      policyFacts: null,
    }
  const { verdict, steps, guardrailRequirements, policyFacts } = judgeFully(compiled, { ...facts, configuredRisks })
  return { verdict, steps, guardrailRequirements, unknown, policyFacts }
}

/**
 * The recorded verdict. Parts that were not recorded are copied from the new one, so that they are not a difference.
 */
function asJudgedThen({ recorded, facts }: PastRequest, now: Judged): Judged {
  if (recorded.kind === 'refused') {
    return { ...now, verdict: { ...now.verdict, violations: recorded.violations, matched: recorded.matched } }
  }
  // It was not recorded which guardrail required what, so only new requirements can name a guardrail.
  const { verdict, steps } = recorded.judged
  return {
    verdict: facts ? verdict : { ...verdict, maxDuration: now.verdict.maxDuration },
    steps,
    guardrailRequirements: [],
  }
}

function tally(counts: Map<string, { before: number | null; after: number }>, before: Verdict | null, after: Verdict) {
  const of = (name: string) => {
    const known = counts.get(name) ?? { before: 0, after: 0 }
    if (counts.size < mostCounted) counts.set(name, known)
    return known
  }
  for (const name of before?.matched ?? []) {
    const one = of(name)
    if (one.before !== null) one.before += 1
  }
  for (const name of after.matched) of(name).after += 1
}

/**
 * Judges past requests by the candidate and returns those with another verdict than before. The result depends only on
 * the requests and policies, except for where the time budget ends it.
 * @param elapsed milliseconds since the replay began
 */
export function replay(task: ReplayTask, elapsed: () => number): TrialResult<ReplayTask> {
  const { candidate, policyForTrial, against, requests, budget } = task
  const parsed = parseCandidate(candidate.text, 'policy', candidate.calendars)
  if (!parsed.ok) return refused('policy', parsed.problems)
  const surroundings = parsed.configuration
  const { hash, compiled } = parsed
  const routing = surroundings ?? policyForTrial.surroundings
  const policy: Policy = { hash, compiled, surroundings, routing, configuredRisks: parsed.section.risks }
  const baseline =
    against === 'current' ? compileCurrent(policyForTrial, surroundings && policyForTrial.surroundings) : null
  const counts = new Map<string, { before: number | null; after: number }>()
  const changed: ReplayedRequest[] = []
  let judged = 0
  for (const [index, request] of requests.entries()) {
    if (judged > 0 && elapsed() > budget) break
    const after = judgePastRequest(request, policy)
    const before: Judged = baseline ? judgePastRequest(request, baseline) : asJudgedThen(request, after)
    judged += 1
    tally(counts, baseline || request.facts ? before.verdict : null, after.verdict)
    const changes = changesBetween(before, after)
    const outcome = { before: outcomeOf(before), after: outcomeOf(after) }
    if (changes.length === 0 && outcome.before === outcome.after) continue
    changed.push({
      index,
      ...outcome,
      changes: changes.slice(0, mostChanges),
      more: Math.max(0, changes.length - mostChanges),
      unknown: after.unknown,
    })
  }
  const guardrails = [...counts].map(([name, count]) => ({ name, ...count }))
  return { ok: true, result: { hash: parsed.hash, judged, changed, guardrails } }
}

/** Each guardrail that matched, with its effect and its messages. */
function matchedOf(
  compiled: readonly CompiledGuardrail[],
  { matched, violations, warnings }: Verdict,
): Trial['matched'] {
  const names = new Set(matched)
  return compiled
    .filter(({ guardrail }) => names.has(guardrail.name))
    .map(({ guardrail }) => ({
      name: guardrail.name,
      effect: guardrail.effect,
      description: guardrail.description,
      does: describeEffect(guardrail),
      sentences: [...violations, ...warnings]
        .filter(({ code }) => code === guardrail.name)
        .map(({ sentence }) => sentence),
    }))
}

type RuleFacts = Pick<PolicyFacts, 'rules' | 'risks'> | null

function trialOf(
  compiled: readonly CompiledGuardrail[],
  judged: Judged & { policyFacts: RuleFacts; at: Date; unknown: UnknownFactName[] },
): Trial {
  const { verdict, steps, policyFacts, at, unknown } = judged
  return {
    verdict,
    outcome: outcomeOf(judged),
    steps: steps.map((step) => ({
      groups: isUnrouted(step) ? writtenApprovers(step) : step.groups,
      count: step.count,
    })),
    matched: matchedOf(compiled, verdict),
    rules: policyFacts?.rules ? [...policyFacts.rules] : null,
    risks: (policyFacts?.risks ?? []).map(({ id, severity }) => ({ id, severity: severity as Severity })),
    at: at.toISOString(),
    unknown,
  }
}

function judgeSample(facts: PolicyFacts, now: Date, { hash, compiled }: Policy): Judged & { policyFacts: RuleFacts } {
  const judgement: Judgement = judge(compiled, facts, now)
  const { unattended } = attendanceOf(facts, judgement, now)
  const steps = unattended ? [] : approvalSteps(facts.entitlement.approvals, judgement.requirements)
  const automatic = unattended === 'automatic' ? (facts.entitlement.automatic?.when ?? null) : null
  return {
    verdict: { ...verdictOf(judgement, hash), automatic },
    steps,
    guardrailRequirements: judgement.guardrailRequirements,
    policyFacts: facts,
  }
}

/** Judges one past request, or a sample, and returns which guardrails matched and why. */
export function judgeOne({ candidate, policyForTrial, subject }: JudgeTask): TrialResult<JudgeTask> {
  const parsed = candidate && parseCandidate(candidate.text, 'policy', candidate.calendars)
  if (parsed && !parsed.ok) return refused('policy', parsed.problems)
  const policy: Policy = parsed
    ? {
        hash: parsed.hash,
        compiled: parsed.compiled,
        surroundings: parsed.configuration,
        routing: parsed.configuration ?? policyForTrial.surroundings,
        configuredRisks: parsed.section.risks,
      }
    : compileCurrent(policyForTrial, null)
  if ('request' in subject) {
    const { request } = subject
    return { ok: true, result: trialOf(policy.compiled, { ...judgePastRequest(request, policy), at: request.at }) }
  }
  const sample = parseSample(subject.sample)
  if (!sample.ok) return refused('sample', sample.problems)
  const at = new Date(sample.value.now)
  const judged = judgeSample(givenFacts(sample.value, policy.configuredRisks, policy.surroundings), at, policy)
  return { ok: true, result: trialOf(policy.compiled, { ...judged, at, unknown: [] }) }
}
