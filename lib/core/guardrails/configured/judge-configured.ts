// What do all guardrails say about one request at one moment? Pure: the same facts and moment give the same judgement.
import type { ApprovalStep } from '#lib/core/access/entitlement'
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
import { makeDuration } from '#lib/core/guardrails/cel/expression'
import { type Context, type Shapes, shapesFor, UnknownFact } from '#lib/core/guardrails/cel/vocabulary'
import { nextMoment, type TimeLimit } from '#lib/core/guardrails/hours/window'
import { countByGroups } from './approval-steps.ts'
import type { CompiledGuardrail } from './compile.ts'
import { type Applied, applyEffect } from './effects.ts'
import { matchedNamespaces } from './match.ts'
import { sentenceOf } from './sentence.ts'

/** What must be there besides what the entitlement asks for. */
export type Requirements = {
  approvals: ApprovalStep[]
  /** At least so many different people; 0 where nothing is said. */
  approvers: number
  ticketRequired: boolean
  /** RE2 patterns that the ticket must all match. */
  ticketPatterns: string[]
  reasonMinLength: number
}

/** What one guardrail that came in wants or limits, whether or not the request keeps to it. */
export type GuardrailRequirement = Pick<Applied, 'name' | 'sentence' | 'requires' | 'maxDurationSeconds' | 'until'>

export type Judgement = {
  violations: Violation[]
  warnings: Violation[]
  requirements: Requirements
  /** Null where nothing limits. `until`: when a window closes that access may not outlive. */
  limits: { maxDurationSeconds: number | null; until: Date | null }
  /** When the same request would pass, where only time is in its way. */
  passesNextAt: Date | null
  /** The names of the guardrails that came in, whatever their effect. */
  matched: string[]
  /** Who wants and limits what, of the guardrails that do. */
  guardrailRequirements: GuardrailRequirement[]
}

// One expression gets a tenth of a second, as the API server gives it, and all together half a second: a step is at most
// about 100 ns.
const maxSteps = 1_000_000
export const maxStepsTogether = 5_000_000

export type Work = {
  facts: PolicyFacts
  now: Date
  context: Context | null
  /** Why there is no context. */
  unknown: unknown
  shapes: Shapes
  stepsLeft: number
}

/** What one guardrail found: nothing, where it came in, or that it cannot say (`unjudged`: none of them can). */
type Finding =
  | { kind: 'passed' }
  | { kind: 'unjudged' }
  | { kind: 'matched'; at: readonly RequestedNamespace[]; context: Context | null }
  | { kind: 'failed'; because: string; isUnknown: boolean }

/** Does this guardrail come in, at the namespaces that it looks at? */
export function ask({ guardrail, when }: CompiledGuardrail, at: readonly RequestedNamespace[], work: Work): Finding {
  if (!when) return { kind: 'matched', at, context: work.context }
  if (!work.context) return { kind: 'unjudged' }
  const perNamespace = when.mentions.has('namespaceObject')
  try {
    const steps = when.steps(work.shapes) * (perNamespace ? at.length : 1)
    if (!(steps <= Math.min(maxSteps, work.stepsLeft))) {
      return {
        kind: 'failed',
        because: 'on this request it would take more work than one judgement is given',
        isUnknown: false,
      }
    }
    work.stepsLeft -= steps
    if (!perNamespace) {
      return isTrue(when.run(work.context), guardrail.name)
        ? { kind: 'matched', at, context: work.context }
        : { kind: 'passed' }
    }
    const { context } = work
    const hit = at.filter((namespace) =>
      isTrue(when.run({ ...context, namespaceObject: namespaceObjectOf(namespace) }), guardrail.name),
    )
    const [first] = hit
    if (!first) return { kind: 'passed' }
    return { kind: 'matched', at: hit, context: { ...context, namespaceObject: namespaceObjectOf(first) } }
  } catch (error) {
    return { kind: 'failed', because: reasonOf(error), isUnknown: error instanceof UnknownFact }
  }
}

function isTrue(answer: unknown, name: string): boolean {
  if (typeof answer !== 'boolean') throw new Error(`${name} answered neither true nor false`)
  return answer
}

/** What the reader may know of an error: our own words for facts that are missing, else the first line. */
function reasonOf(error: unknown): string {
  if (error instanceof UnknownFact) return error.message
  const message = error instanceof Error ? error.message : 'it failed'
  return (message.split('\n')[0] ?? '').slice(0, 200)
}

const failure = ({ guardrail }: CompiledGuardrail, because: string): Violation => ({
  code: guardrail.name,
  pointer: '',
  sentence: `The guardrail ${guardrail.name} could not be judged, which counts as a no: ${because}.`,
})

function judgeOnce(
  compiled: readonly CompiledGuardrail[],
  work: Work,
): Judgement & { times: TimeLimit[]; onlyTime: boolean } {
  const namespaces = requestedNamespaces(work.facts)
  const applied: Applied[] = []
  const judgement: Pick<Judgement, 'violations' | 'warnings' | 'matched'> = {
    violations: [],
    warnings: [],
    matched: [],
  }
  let onlyTime = true
  for (const item of compiled) {
    const at = matchedNamespaces(item.guardrail, work.facts, namespaces)
    if (at.length === 0) continue
    const finding = ask(item, at, work)
    if (finding.kind === 'passed') continue
    const { name, effect } = item.guardrail
    judgement.matched.push(name)
    if (finding.kind === 'unjudged') continue
    if (finding.kind === 'failed') {
      const list = effect === 'warn' ? judgement.warnings : judgement.violations
      list.push(failure(item, finding.because))
      onlyTime &&= effect === 'warn'
      continue
    }
    const result = applyEffect(item, {
      facts: work.facts,
      now: work.now,
      at: finding.at,
      sentence: sentenceOf(item, finding.context),
    })
    judgement.violations.push(...result.violations)
    judgement.warnings.push(...result.warnings)
    onlyTime &&= result.violations.every(({ pointer }) => result.time !== null && pointer === '/startsAt')
    applied.push(result)
  }
  // Said once, and whatever the effects: there is nothing to judge yet.
  if (!work.context && judgement.matched.length > applied.length) {
    const sentence = `The guardrails could not be judged, which counts as a no: ${reasonOf(work.unknown)}.`
    judgement.violations.push({ code: 'guardrails-unjudged', pointer: '/rules', sentence })
    onlyTime = false
  }
  const approvals = strictest(applied.map(({ requires }) => requires?.approvals ?? []))
  const approvers = Math.max(0, ...applied.map(({ requires }) => requires?.approvers ?? 0))
  if (approvers > 0 && approvals.length + work.facts.entitlement.approvals.length === 0) {
    const needing = applied.find(({ requires }) => requires?.approvers)
    const sentence = `${approvers} people must approve, and ${work.facts.entitlement.name} names nobody who could: ask for something that has approvers.`
    judgement.violations.push({ code: needing?.name ?? 'approvers-missing', pointer: '/entitlement', sentence })
    onlyTime = false
  }
  const untils = applied.flatMap(({ until }) => until ?? [])
  const durations = applied.flatMap(({ maxDurationSeconds }) => maxDurationSeconds ?? [])
  const tickets = applied.flatMap(({ requires }) => requires?.ticket ?? [])
  return {
    ...judgement,
    requirements: {
      approvals,
      approvers,
      ticketRequired: tickets.length > 0,
      ticketPatterns: [...new Set(tickets.flatMap((ticket) => (ticket === true ? [] : [ticket.pattern])))],
      reasonMinLength: Math.max(0, ...applied.map(({ requires }) => requires?.reasonMinLength ?? 0)),
    },
    limits: {
      maxDurationSeconds: durations.length ? Math.min(...durations) : null,
      until: untils.length ? new Date(Math.min(...untils.map(Number))) : null,
    },
    passesNextAt: null,
    guardrailRequirements: applied.filter(
      ({ requires, maxDurationSeconds, until }) => requires ?? maxDurationSeconds ?? until,
    ),
    times: applied.flatMap(({ time }) => time ?? []),
    onlyTime,
  }
}

/** One step for each set of groups, with the greatest count that any one guardrail wants of it. */
function strictest(wanted: readonly (readonly ApprovalStep[])[]): ApprovalStep[] {
  const greatest = new Map<string, ApprovalStep>()
  for (const steps of wanted) {
    for (const [key, step] of countByGroups(steps)) {
      if (step.count > (greatest.get(key)?.count ?? 0)) greatest.set(key, step)
    }
  }
  return [...greatest.values()]
}

/** A judgement without the parts that only this file needs. */
const plain = ({ times: _times, onlyTime: _onlyTime, ...judgement }: ReturnType<typeof judgeOnce>): Judgement =>
  judgement

/**
 * Judges one request by all guardrails. Every violation and every warning is there, never only the first. A guardrail
 * whose expression fails, asks for a fact that is not known, or would take more work than it is given counts as
 * violated (one that only warns: warns).
 */
export function judge(compiled: readonly CompiledGuardrail[], facts: PolicyFacts, now: Date): Judgement {
  const shapes = shapesFor(sizesOf(facts))
  const workAt = (moment: Date): Work => {
    const work = { facts, now: moment, context: null, unknown: null, shapes, stepsLeft: maxStepsTogether }
    try {
      return { ...work, context: contextOf(facts, moment, makeDuration) }
    } catch (error) {
      return { ...work, unknown: error }
    }
  }
  const judgement = judgeOnce(compiled, workAt(now))
  if (judgement.violations.length === 0 || !judgement.onlyTime) return plain(judgement)
  const next = nextMoment(judgement.times, startOf(facts, now), facts.submission.durationSeconds)
  // A moment is only named if the whole judgement then is a yes: expressions may look at the time as well.
  const passes = next !== null && judgeOnce(compiled, workAt(next)).violations.length === 0
  return { ...plain(judgement), passesNextAt: passes ? next : null }
}
