// Evaluates all guardrails of a policy for one request at one moment.
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { routedSteps } from '#lib/core/access/routing'
import type { Violation } from '#lib/core/access/verdict-resource'
import {
  contextOf,
  namespaceObjectOf,
  type PolicyFacts,
  type RequestedNamespace,
  requestedNamespaces,
  sizesOf,
  startOf,
} from '#lib/core/guardrails/cel/context'
import { type Context, type Shapes, shapesFor, UnknownFact } from '#lib/core/guardrails/cel/vocabulary'
import { nextMoment, type TimeLimit } from '#lib/core/guardrails/hours/window'
import { countByGroups, followUpsOfBoth, routedOf } from './approval-steps.ts'
import type { CompiledGuardrail } from './compile.ts'
import { type Applied, applyEffect } from './effects.ts'
import { matchedNamespaces } from './match.ts'
import { sentenceOf } from './sentence.ts'

/** What guardrails require in addition to the entitlement. */
export type Requirements = {
  approvals: ApprovalStep[]
  /** The minimum number of different approvers; 0 if no guardrail sets one. */
  approvers: number
  ticketRequired: boolean
  /** RE2 patterns, all of which the ticket must match. */
  ticketPatterns: string[]
  reasonMinLength: number
}

/** What one guardrail that matched requires or limits, whether or not the request meets it. */
export type GuardrailRequirement = Pick<Applied, 'name' | 'sentence' | 'requires' | 'maxDurationSeconds' | 'until'>

export type Judgement = {
  violations: Violation[]
  warnings: Violation[]
  requirements: Requirements
  /** Null if unlimited. `until`: when the window closes that access must end with. */
  limits: { maxDurationSeconds: number | null; until: Date | null }
  /** When the same request would pass; null unless only time is in the way. */
  passesNextAt: Date | null
  /** The names of the guardrails that matched, whatever their effect. */
  matched: string[]
  /** What each guardrail requires or limits, for those that do. */
  guardrailRequirements: GuardrailRequirement[]
}

// A step takes at most about 100 ns, so one expression gets 100 ms, as in the API server, and all of them 500 ms.
const maxSteps = 1_000_000
export const maxTotalSteps = 5_000_000

const overLimit = 'on this request it would exceed the cost limit'

/** One evaluation of all guardrails. */
export type Evaluation = {
  facts: PolicyFacts
  now: Date
  context: Context | null
  /** Why there is no context. */
  contextError: unknown
  shapes: Shapes
  stepsLeft: number
}

/** What one guardrail found. `not-evaluated`: without a context, no expression can be evaluated. */
export type Finding =
  | { kind: 'passed' }
  | { kind: 'not-evaluated' }
  | { kind: 'matched'; at: readonly RequestedNamespace[]; context: Context | null }
  | { kind: 'failed'; because: string; isUnknown: boolean }

/** The code of the one violation that stands for all guardrails that could not be evaluated. */
export const guardrailsNotEvaluated = 'guardrails-not-evaluated'

/** Does this guardrail match in any of these namespaces? */
export function evaluateGuardrail(
  { guardrail: { name }, when }: CompiledGuardrail,
  at: readonly RequestedNamespace[],
  evaluation: Evaluation,
): Finding {
  const { context } = evaluation
  if (!when) return { kind: 'matched', at, context }
  if (!context) return { kind: 'not-evaluated' }
  const perNamespace = when.mentions.has('namespaceObject')
  try {
    const steps = when.steps(evaluation.shapes) * (perNamespace ? at.length : 1)
    if (!(steps <= Math.min(maxSteps, evaluation.stepsLeft))) {
      return { kind: 'failed', because: overLimit, isUnknown: false }
    }
    evaluation.stepsLeft -= steps
    if (!perNamespace) return isTrue(when.run(context), name) ? { kind: 'matched', at, context } : { kind: 'passed' }
    const contextIn = (namespace: RequestedNamespace) => {
      return { ...context, namespaceObject: namespaceObjectOf(namespace) }
    }
    const matching = at.filter((namespace) => isTrue(when.run(contextIn(namespace)), name))
    const [first] = matching
    return first ? { kind: 'matched', at: matching, context: contextIn(first) } : { kind: 'passed' }
  } catch (error) {
    return { kind: 'failed', because: reasonOf(error), isUnknown: error instanceof UnknownFact }
  }
}

function isTrue(result: unknown, name: string): boolean {
  if (typeof result !== 'boolean') throw new Error(`${name} did not return true or false`)
  return result
}

/**
 * The approvals that a guardrail requires, in each of these namespaces; else why they cannot be worked out. Owners are asked about
 * the namespaces that matched. A step without a group could never be approved, and none at all would drop the requirement.
 */
function requiredSteps(
  { steps }: CompiledGuardrail,
  at: readonly RequestedNamespace[],
  evaluation: Evaluation,
): { approvals: ApprovalStep[] } | { because: string } {
  const approvals: ApprovalStep[] = []
  for (const { step, groups: expression, count, followUps } of steps) {
    if (step) {
      const names = at.map(({ name }) => name)
      const routed = routedSteps([step], evaluation.facts.routed, names)
      const noOne = routed.find(({ groups, unknown }) => unknown && groups.length === 0)
      // Later the steps of the request count, which had someone: an owner who left leaves a step that no one can complete.
      if (noOne && (evaluation.facts.stage ?? 'submitting') === 'submitting')
        return { because: `Postern knows no one else who is ${noOne.unknown?.join(' or ')}` }
      approvals.push(...routed)
    }
    if (!expression) continue
    const { context } = evaluation
    if (!context) return { because: reasonOf(evaluation.contextError) }
    const perNamespace = expression.mentions.has('namespaceObject')
    const contexts = perNamespace
      ? at.map((one) => ({ ...context, namespaceObject: namespaceObjectOf(one) }))
      : [context]
    const cost = expression.steps(evaluation.shapes) * contexts.length
    if (!(cost <= Math.min(maxSteps, evaluation.stepsLeft))) return { because: overLimit }
    evaluation.stepsLeft -= cost
    try {
      for (const one of contexts) {
        const groups = [...new Set(expression.run(one) as readonly string[])].sort()
        if (groups.length === 0 || groups.includes('')) return { because: 'there is no group that could approve it' }
        if (groups.length > maxComputedGroups)
          return { because: `more than ${maxComputedGroups} groups could approve it` }
        approvals.push({ groups, count, ...followUps })
      }
    } catch (error) {
      return { because: reasonOf(error) }
    }
  }
  return { approvals: strictestSteps([approvals]) }
}

const maxComputedGroups = 100

/** The first line of an error. Errors of the CEL library quote the whole expression below it. */
function reasonOf(error: unknown): string {
  if (error instanceof UnknownFact) return error.message
  const message = error instanceof Error ? error.message : 'it failed'
  return (message.split('\n')[0] ?? '').slice(0, 200)
}

const failure = ({ guardrail: { name } }: CompiledGuardrail, because: string): Violation => ({
  code: name,
  pointer: '',
  sentence: `Guardrail ${name} couldn't be evaluated, so it counts as violated: ${because}.`,
})

/** A judgement, the windows and freezes that matched, and whether nothing but time is in the way. */
type JudgementAtMoment = Judgement & { times: TimeLimit[]; onlyTime: boolean }

function judgeAtMoment(compiled: readonly CompiledGuardrail[], evaluation: Evaluation): JudgementAtMoment {
  const { facts, now } = evaluation
  const namespaces = requestedNamespaces(facts)
  const applied: Applied[] = []
  const judgement: Pick<Judgement, 'violations' | 'warnings' | 'matched'> = {
    violations: [],
    warnings: [],
    matched: [],
  }
  let onlyTime = true
  const violate = (violation: Violation) => {
    judgement.violations.push(violation)
    onlyTime = false
  }
  for (const item of compiled) {
    const { name, effect } = item.guardrail
    const at = matchedNamespaces(item.guardrail, facts, namespaces)
    const finding = at.length > 0 ? evaluateGuardrail(item, at, evaluation) : null
    if (!finding || finding.kind === 'passed') continue
    judgement.matched.push(name)
    if (finding.kind === 'matched') {
      const required = requiredSteps(item, finding.at, evaluation)
      if ('because' in required) {
        violate(failure(item, required.because))
        continue
      }
      const sentence = sentenceOf(item, finding.context)
      const result = applyEffect(item, { facts, now, at: finding.at, sentence, ...required })
      judgement.violations.push(...result.violations)
      judgement.warnings.push(...result.warnings)
      onlyTime &&= result.violations.every(({ pointer }) => result.time !== null && pointer === '/startsAt')
      applied.push(result)
    } else if (finding.kind === 'failed' && effect === 'warn') judgement.warnings.push(failure(item, finding.because))
    else if (finding.kind === 'failed') violate(failure(item, finding.because))
  }
  // One violation for all of them, whatever their effects.
  if (!evaluation.context && judgement.matched.length > applied.length) {
    const sentence = `The guardrails couldn't be evaluated, so the request is refused: ${reasonOf(evaluation.contextError)}.`
    violate({ code: guardrailsNotEvaluated, pointer: '/rules', sentence })
  }
  const requirements = requirementsOf(applied)
  const { approvals, approvers } = requirements
  if (approvers > 0 && approvals.length + facts.entitlement.approvals.length === 0) {
    const requiring = applied.find(({ requires }) => requires?.approvers)
    const required = approvers === 1 ? 'One approver is' : `${approvers} approvers are`
    const sentence = `${required} required, and ${facts.entitlement.name} has none. Request an entitlement that has approvers.`
    violate({ code: requiring?.name ?? 'approvers-missing', pointer: '/entitlement', sentence })
  }
  return {
    ...judgement,
    requirements,
    limits: limitsOf(applied),
    passesNextAt: null,
    guardrailRequirements: applied.filter(
      ({ requires, maxDurationSeconds, until }) => requires ?? maxDurationSeconds ?? until,
    ),
    times: applied.flatMap(({ time }) => time ?? []),
    onlyTime,
  }
}

function requirementsOf(applied: readonly Applied[]): Requirements {
  const tickets = applied.flatMap(({ requires }) => requires?.ticket ?? [])
  return {
    approvals: strictestSteps(applied.map(({ requires }) => requires?.approvals ?? [])),
    approvers: Math.max(0, ...applied.map(({ requires }) => requires?.approvers ?? 0)),
    ticketRequired: tickets.length > 0,
    ticketPatterns: [...new Set(tickets.flatMap((ticket) => (ticket === true ? [] : [ticket.pattern])))],
    reasonMinLength: Math.max(0, ...applied.map(({ requires }) => requires?.reasonMinLength ?? 0)),
  }
}

function limitsOf(applied: readonly Applied[]): Judgement['limits'] {
  const untils = applied.flatMap(({ until }) => until ?? [])
  const durations = applied.flatMap(({ maxDurationSeconds }) => maxDurationSeconds ?? [])
  return {
    maxDurationSeconds: durations.length ? Math.min(...durations) : null,
    until: untils.length ? new Date(Math.min(...untils.map(Number))) : null,
  }
}

/**
 * One step for each set of groups, with the highest count that any one guardrail requires. It escalates only to those whom all of
 * them name.
 */
function strictestSteps(required: readonly (readonly ApprovalStep[])[]): ApprovalStep[] {
  const strictest = new Map<string, ApprovalStep>()
  for (const steps of required) {
    for (const [key, step] of countByGroups(steps)) {
      const other = strictest.get(key)
      const { groups, count } = step
      strictest.set(
        key,
        other
          ? {
              ...{ ...routedOf(step), ...routedOf(other), groups, count: Math.max(count, other.count) },
              ...followUpsOfBoth(step, other),
            }
          : step,
      )
    }
  }
  return [...strictest.values()]
}

const withoutTime = ({ times: _times, onlyTime: _onlyTime, ...judgement }: JudgementAtMoment): Judgement => judgement

/**
 * Judges a request by all guardrails, with every violation and every warning. A guardrail counts as violated if its
 * expression fails, needs an unknown fact, or would exceed the cost limit; with the effect `warn` it then warns.
 */
export function judge(compiled: readonly CompiledGuardrail[], facts: PolicyFacts, now: Date): Judgement {
  const shapes = shapesFor(sizesOf(facts))
  const evaluationAt = (moment: Date): Evaluation => {
    const base = { facts, now: moment, context: null, contextError: null, shapes, stepsLeft: maxTotalSteps }
    try {
      return { ...base, context: contextOf(facts, moment) }
    } catch (error) {
      return { ...base, contextError: error }
    }
  }
  const judgement = judgeAtMoment(compiled, evaluationAt(now))
  if (judgement.violations.length === 0 || !judgement.onlyTime) return withoutTime(judgement)
  const next = nextMoment(judgement.times, startOf(facts, now), facts.submission.durationSeconds)
  // Expressions may depend on the time too, so the whole request is judged again at that moment before it is promised.
  const passes = next !== null && judgeAtMoment(compiled, evaluationAt(next)).violations.length === 0
  return { ...withoutTime(judgement), passesNextAt: passes ? next : null }
}
