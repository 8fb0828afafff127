// What does a guardrail that matched add to the judgement?
import { durationInWords, formatDuration } from '#lib/core/access/duration'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import type { Violation } from '#lib/core/access/verdict-resource'
import { type PolicyFacts, type RequestedNamespace, startOf } from '#lib/core/guardrails/cel/context'
import { closesAt, frozenAt, isOpen, opensAt, type TimeLimit } from '#lib/core/guardrails/hours/window'
import { inZone } from '#lib/core/guardrails/hours/zone'
import { ticketFormat } from '#lib/core/guardrails/ticket-example'
import type { CompiledGuardrail } from './compile.ts'
import type { Guardrail } from './schema.ts'

/** One match of a guardrail. `at`: the namespaces in which it matched. */
export type Match = {
  facts: PolicyFacts
  now: Date
  at: readonly RequestedNamespace[]
  sentence: string
  /** The required approvals, with the groups that depend on the request. */
  approvals: readonly ApprovalStep[]
}

/** What a guardrail requires, with the groups of every step. */
export type Required = Omit<NonNullable<Guardrail['require']>, 'approvals'> & { approvals?: ApprovalStep[] }

/** What one guardrail adds to the judgement. `time` is present for windows and freezes, whether or not they are violated. */
export type Applied = {
  name: string
  sentence: string
  violations: Violation[]
  warnings: Violation[]
  requires: Required | null
  maxDurationSeconds: number | null
  until: Date | null
  time: TimeLimit | null
}

/** The fields of the submission that could be changed to pass. */
function pointersOf({ guardrail, when }: CompiledGuardrail, { facts, at }: Match): string[] {
  const isWhole = at.length === facts.submission.namespaces.length
  const namesNamespaces = guardrail.match?.namespaces ?? guardrail.match?.namespaceLabels
  if (when?.mentions.has('namespaceObject') || (namesNamespaces && !isWhole) || (namesNamespaces && !when)) {
    return at.map(({ index }) => `/namespaces/${index}`)
  }
  const isAboutRules = ['rules', 'risks', 'difference'].some((name) => when?.mentions.has(name))
  return [isAboutRules ? '/rules' : '']
}

function missingRequirements({ guardrail, ticket }: CompiledGuardrail, { facts, sentence }: Match): Violation[] {
  const { require: required, name: code } = guardrail
  const given = facts.submission.ticket?.trim() ?? ''
  const found: Violation[] = []
  if (required?.ticket && !given) {
    found.push({ code, pointer: '/ticket', sentence: `${sentence} Add a ticket.` })
  } else if (ticket && !ticket.matcher(given).find()) {
    found.push({ code, pointer: '/ticket', sentence: `${sentence} The ticket must ${ticketFormat(ticket.pattern())}.` })
  }
  const minLength = required?.reasonMinLength ?? 0
  if ([...facts.submission.reason.trim()].length < minLength) {
    found.push({ code, pointer: '/reason', sentence: `${sentence} Give a reason of at least ${minLength} characters.` })
  }
  return found
}

function nextOpening(limit: TimeLimit, at: number, zone: string): string {
  const opens = opensAt(limit.schedule, at)
  return Number.isFinite(opens) ? `Next opening: ${inZone(opens, zone)}.` : 'There is no later opening.'
}

function checkTime(
  { guardrail, time }: CompiledGuardrail,
  match: Match,
): { violations: Violation[]; until: Date | null } {
  if (!time) return { violations: [], until: null }
  const { facts, now, sentence } = match
  const { name: code } = guardrail
  const start = startOf(facts, now).getTime()
  const zone = time.schedule.windows[0]?.zone ?? guardrail.limit?.freezes?.[0]?.zone ?? 'UTC'
  if (!isOpen(time.schedule, start)) {
    const freeze = frozenAt(time.schedule, start)
    const message = freeze ? `${sentence} Freeze in effect: ${freeze.name}.` : sentence
    return {
      violations: [{ code, pointer: '/startsAt', sentence: `${message} ${nextOpening(time, start, zone)}` }],
      until: null,
    }
  }
  const closes = closesAt(time.schedule, start)
  if (time.mayOutlive || !Number.isFinite(closes)) return { violations: [], until: null }
  const until = new Date(closes)
  const seconds = Math.floor((closes - start) / 1000)
  // After submission the requester can no longer request less, so `until` ends access with the window instead.
  const tooLong = facts.submission.durationSeconds > seconds && (facts.stage ?? 'submitting') === 'submitting'
  if (!tooLong) return { violations: [], until }
  const short = Math.floor(seconds / 60) * 60
  const advice = short > 0 ? `Request ${formatDuration(short)} or less, or start later.` : 'Start later.'
  const closing = `The window closes ${inZone(closes, zone)}, before this access would end. ${advice}`
  return { violations: [{ code, pointer: '/startsAt', sentence: `${sentence} ${closing}` }], until }
}

function checkLimit(compiled: CompiledGuardrail, match: Match) {
  const { guardrail } = compiled
  const { violations, until } = checkTime(compiled, match)
  const max = guardrail.limit?.maxDuration ?? null
  // NB: not `>`, because a duration that is not a number must not pass.
  const fits = max === null || match.facts.submission.durationSeconds <= max
  if (!fits && max !== null) {
    const advice = `The maximum is ${durationInWords(max)}. Request ${formatDuration(max)} or less.`
    violations.push({ code: guardrail.name, pointer: '/duration', sentence: `${match.sentence} ${advice}` })
  }
  return { violations, until, maxDurationSeconds: max }
}

function requiredOf({ require: required }: Guardrail, { approvals }: Match): Required | null {
  if (!required) return null
  const { approvals: _steps, ...rest } = required
  return approvals.length > 0 ? { ...rest, approvals: [...approvals] } : rest
}

export function applyEffect(compiled: CompiledGuardrail, match: Match): Applied {
  const { guardrail, time } = compiled
  const { name } = guardrail
  const { sentence } = match
  const applied: Applied = {
    name,
    sentence,
    violations: [],
    warnings: [],
    requires: null,
    maxDurationSeconds: null,
    until: null,
    time: null,
  }
  const messages = () => pointersOf(compiled, match).map((pointer) => ({ code: name, pointer, sentence }))
  switch (guardrail.effect) {
    case 'deny':
      return { ...applied, violations: messages() }
    case 'warn':
      return { ...applied, warnings: messages() }
    case 'require':
      return { ...applied, violations: missingRequirements(compiled, match), requires: requiredOf(guardrail, match) }
    case 'limit':
      return { ...applied, ...checkLimit(compiled, match), time }
  }
}
