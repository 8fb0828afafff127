// Compiles the guardrails of a policy, or reports every problem with them.
import { RE2JS } from 're2js'
import { type ApprovalStep, type FollowUps, followUpsOf } from '#lib/core/access/entitlement'
import { compileExpression, type Expression } from '#lib/core/guardrails/cel/expression'
import { patternProblem } from '#lib/core/guardrails/cel/functions'
import { calendarReader, FreezeError, frozenBy, type ReadCalendar } from '#lib/core/guardrails/hours/freezes'
import { type OpenHours, type TimeLimit, window } from '#lib/core/guardrails/hours/window'
import { dayNames, type Guardrail, type Window } from './schema.ts'

export type CompiledGuardrail = {
  guardrail: Guardrail
  /** Null: always true. */
  when: Expression | null
  message: Expression | null
  /** The steps that it requires, each with the expression for its groups if they depend on the request. */
  steps: { step: ApprovalStep | null; groups: Expression | null; count: number; followUps: FollowUps }[]
  /** The pattern that a ticket must match. */
  ticket: RE2JS | null
  time: TimeLimit | null
}

/** `path` leads through the YAML document to the value. `offset` is the character of an expression, null elsewhere. */
export type GuardrailProblem = { path: (string | number)[]; message: string; offset: number | null }
export type CompiledGuardrails =
  | { ok: true; compiled: CompiledGuardrail[] }
  | { ok: false; problems: GuardrailProblem[] }

/** One judgement evaluates this many in about 50 ms. */
export const maxGuardrails = 1_000

/** `mon-fri` → 1 … 5; `sat-mon` wraps around the end of the week. */
function daysOf(text: string): number[] {
  const [first = '', last = first] = text.split('-')
  const names: readonly string[] = dayNames
  const [from, to] = [names.indexOf(first), names.indexOf(last)]
  return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, n) => ((from + n) % 7) + 1)
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

const openHours = ({ zone, days, from, to }: Window): OpenHours =>
  window(zone, days.flatMap(daysOf), minutesOf(from), minutesOf(to))

function compileTime(limit: Guardrail['limit'], readCalendar: ReadCalendar): TimeLimit | null {
  if (!limit?.windows && !limit?.freezes) return null
  const schedule = {
    windows: (limit.windows ?? []).map(openHours),
    frozen: frozenBy(limit.freezes ?? [], readCalendar),
  }
  return { schedule, mayOutlive: limit.mayOutliveWindow ?? false }
}

/** The part of the expression at fault, because the place of the problem may only be that of the whole expression. */
function excerptAt(source: string, offset: number): string {
  const from = source.slice(offset).replace(/\s+/g, ' ').trim()
  if (offset === 0 || !from) return ''
  return ` At: ${from.length > 40 ? `${from.slice(0, 40)}…` : from}`
}

function compileOne(
  guardrail: Guardrail,
  path: (string | number)[],
  readCalendar: ReadCalendar,
  problems: GuardrailProblem[],
): CompiledGuardrail {
  const compile = (
    source: string | undefined,
    type: Parameters<typeof compileExpression>[1],
    at: (string | number)[],
  ) => {
    if (source === undefined) return null
    const result = compileExpression(source, type)
    if (result.ok) return result.expression
    const { message, offset } = result.problem
    problems.push({ path: [...path, ...at], message: `${message}${excerptAt(source, offset)}`, offset })
    return null
  }
  const steps = (guardrail.require?.approvals ?? []).map((step, index) => {
    const { count } = step
    const followUps = followUpsOf(step)
    if ('groups' in step) return { step, groups: null, count, followUps }
    const at = ['require', 'approvals', index, 'groupsExpression']
    return { step: null, groups: compile(step.groupsExpression, 'list<string>', at), count, followUps }
  })
  const ticket = guardrail.require?.ticket
  const pattern = typeof ticket === 'object' ? ticket.pattern : null
  const wrong = pattern === null ? null : patternProblem(pattern)
  if (wrong) problems.push({ path: [...path, 'require', 'ticket', 'pattern'], message: `${wrong}.`, offset: null })
  let time: TimeLimit | null = null
  try {
    time = compileTime(guardrail.limit, readCalendar)
  } catch (error) {
    if (!(error instanceof FreezeError)) throw error
    problems.push({ path: [...path, 'limit', 'freezes'], message: `${error.message}.`, offset: null })
  }
  return {
    guardrail,
    when: compile(guardrail.when, 'bool', ['when']),
    message: compile(guardrail.messageExpression, 'string', ['messageExpression']),
    steps,
    ticket: pattern !== null && !wrong ? RE2JS.compile(pattern) : null,
    time,
  }
}

/**
 * Checks all expressions, patterns and calendars.
 * @param places the path of each guardrail in the YAML document, in the same order
 * @param calendars the text of each calendar file, by its path in the policy
 */
export function compileGuardrails(
  guardrails: readonly Guardrail[],
  places: readonly (string | number)[][] = guardrails.map((_, index) => ['guardrails', index]),
  calendars: ReadonlyMap<string, string> = new Map(),
): CompiledGuardrails {
  const problems: GuardrailProblem[] = []
  const placeOf = (index: number) => places[index] ?? ['guardrails', index]
  if (guardrails.length > maxGuardrails) {
    const message = `There are ${guardrails.length} guardrails; the limit is ${maxGuardrails}.`
    return { ok: false, problems: [{ path: placeOf(maxGuardrails), message, offset: null }] }
  }
  const readCalendar = calendarReader(calendars)
  const seen = new Set<string>()
  const compiled = guardrails.map((guardrail, index) => {
    const { name } = guardrail
    if (seen.has(name)) {
      const message = `Another guardrail is named ${name}. Names must be unique, because they identify violations.`
      problems.push({ path: [...placeOf(index), 'name'], message, offset: null })
    }
    seen.add(name)
    return compileOne(guardrail, placeOf(index), readCalendar, problems)
  })
  return problems.length ? { ok: false, problems } : { ok: true, compiled }
}

/** Does a guardrail need this variable? Some facts are only read then. */
export const uses = (compiled: readonly CompiledGuardrail[], variable: 'history' | 'pods'): boolean =>
  compiled.some(({ when, message, steps }) =>
    [when, message, ...steps.map(({ groups }) => groups)].some((one) => one?.mentions.has(variable)),
  )
