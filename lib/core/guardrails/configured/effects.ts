// What does a guardrail do that has come in?
import { durationInWords, formatDuration } from '#lib/core/access/duration'
import type { Violation } from '#lib/core/access/verdict-resource'
import { type PolicyFacts, type RequestedNamespace, startOf } from '#lib/core/guardrails/cel/context'
import { closesAt, frozenAt, isOpen, opensAt, type TimeLimit } from '#lib/core/guardrails/hours/window'
import { inZone } from '#lib/core/guardrails/hours/zone'
import type { CompiledGuardrail } from './compile.ts'
import type { Guardrail } from './schema.ts'

export type Occasion = {
  facts: PolicyFacts
  now: Date
  at: readonly RequestedNamespace[]
  sentence: string
}

/** What one guardrail adds to the judgement. `time` is there where it is one of time, violated or not. */
export type Applied = {
  name: string
  sentence: string
  violations: Violation[]
  warnings: Violation[]
  requires: Guardrail['require'] | null
  maxDurationSeconds: number | null
  until: Date | null
  time: TimeLimit | null
}

/** Where in the submission the person could change something. */
function pointersOf({ guardrail, when }: CompiledGuardrail, { facts, at }: Occasion): string[] {
  const isWhole = at.length === facts.submission.namespaces.length
  const namesNamespaces = guardrail.match?.namespaces ?? guardrail.match?.namespaceLabels
  if (when?.mentions.has('namespaceObject') || (namesNamespaces && !isWhole) || (namesNamespaces && !when)) {
    return at.map(({ index }) => `/namespaces/${index}`)
  }
  const isAboutRules = ['rules', 'risks', 'difference'].some((name) => when?.mentions.has(name))
  return [isAboutRules ? '/rules' : '']
}

function requireOf({ guardrail, ticket }: CompiledGuardrail, { facts, sentence }: Occasion): Violation[] {
  const { require: needs, name: code } = guardrail
  const given = facts.submission.ticket?.trim() ?? ''
  const found: Violation[] = []
  if (needs?.ticket && !given) {
    found.push({ code, pointer: '/ticket', sentence: `${sentence} Name a ticket.` })
  } else if (ticket && !ticket.matcher(given).find()) {
    found.push({ code, pointer: '/ticket', sentence: `${sentence} The ticket must match ${ticket.pattern()}.` })
  }
  const least = needs?.reasonMinLength ?? 0
  if ([...facts.submission.reason.trim()].length < least) {
    found.push({ code, pointer: '/reason', sentence: `${sentence} Give a reason of at least ${least} characters.` })
  }
  return found
}

/** When it would open, in words for a person in the zone of the first window. */
function opensInWords(limit: TimeLimit, at: number, zone: string): string {
  const opens = opensAt(limit.schedule, at)
  return Number.isFinite(opens) ? `It opens ${inZone(opens, zone)}.` : 'It does not open again.'
}

function timeOf(
  { guardrail, time }: CompiledGuardrail,
  occasion: Occasion,
): { violations: Violation[]; until: Date | null } {
  if (!time) return { violations: [], until: null }
  const { facts, now, sentence } = occasion
  const { name: code } = guardrail
  const start = startOf(facts, now).getTime()
  const zone = time.schedule.windows[0]?.zone ?? guardrail.limit?.freezes?.[0]?.zone ?? 'UTC'
  if (!isOpen(time.schedule, start)) {
    const freeze = frozenAt(time.schedule, start)
    const what = freeze ? `${sentence} There is a freeze: ${freeze.name}.` : sentence
    return {
      violations: [{ code, pointer: '/startsAt', sentence: `${what} ${opensInWords(time, start, zone)}` }],
      until: null,
    }
  }
  const closes = closesAt(time.schedule, start)
  if (time.mayOutlive || !Number.isFinite(closes)) return { violations: [], until: null }
  const until = new Date(closes)
  const seconds = Math.floor((closes - start) / 1000)
  // Once it was asked for nobody can ask for less: from then on `until` cuts it off.
  const tooLong = facts.submission.durationSeconds > seconds && (facts.stage ?? 'asking') === 'asking'
  if (!tooLong) return { violations: [], until }
  const short = Math.floor(seconds / 60) * 60
  const ask = short > 0 ? `Ask for ${formatDuration(short)} or less, or begin later.` : 'Begin later.'
  const closing = `It closes ${inZone(closes, zone)}, before this would end. ${ask}`
  return { violations: [{ code, pointer: '/startsAt', sentence: `${sentence} ${closing}` }], until }
}

function limitOf(compiled: CompiledGuardrail, occasion: Occasion) {
  const { guardrail } = compiled
  const { violations, until } = timeOf(compiled, occasion)
  const max = guardrail.limit?.maxDuration ?? null
  // NB: not `>`: a duration that is no number must not pass.
  const fits = max === null || occasion.facts.submission.durationSeconds <= max
  if (!fits && max !== null) {
    const most = `At most ${durationInWords(max)}: ask for ${formatDuration(max)} or less.`
    violations.push({ code: guardrail.name, pointer: '/duration', sentence: `${occasion.sentence} ${most}` })
  }
  return { violations, until, maxDurationSeconds: max }
}

/** What this guardrail, having come in, adds to the judgement. */
export function applyEffect(compiled: CompiledGuardrail, occasion: Occasion): Applied {
  const { guardrail, time } = compiled
  const { name } = guardrail
  const applied: Applied = {
    name,
    sentence: occasion.sentence,
    violations: [],
    warnings: [],
    requires: null,
    maxDurationSeconds: null,
    until: null,
    time: null,
  }
  const said = () =>
    pointersOf(compiled, occasion).map((pointer) => ({ code: name, pointer, sentence: occasion.sentence }))
  switch (guardrail.effect) {
    case 'deny':
      return { ...applied, violations: said() }
    case 'warn':
      return { ...applied, warnings: said() }
    case 'require':
      return { ...applied, violations: requireOf(compiled, occasion), requires: guardrail.require ?? null }
    case 'limit':
      return { ...applied, ...limitOf(compiled, occasion), time }
  }
}
