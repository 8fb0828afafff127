// Where do two judgements of the same ask differ, as far as it matters to the people in it?
import type { ApprovalStep } from '#lib/access/entitlement'
import type { Change, Outcome } from '#lib/access/policy-trial'
import type { Verdict, Violation } from '#lib/access/resources'
import { secondsOf } from '#lib/access/time-in-words'
import { countByGroups } from './policy/approval-steps.ts'

/** A verdict and who would have to approve. */
export type Judged = { verdict: Verdict; steps: readonly ApprovalStep[] }

/** Violations of one guardrail at several places are one; another wording is none. */
function byCode(kind: 'violation' | 'warning', before: readonly Violation[], after: readonly Violation[]): Change[] {
  const firstOf = (list: readonly Violation[]) => {
    const first = new Map<string, Violation>()
    for (const one of list) if (!first.has(one.code)) first.set(one.code, one)
    return first
  }
  const [then, now] = [firstOf(before), firstOf(after)]
  const only = (some: Map<string, Violation>, others: Map<string, Violation>, word: Change['now']): Change[] =>
    [...some.values()]
      .filter(({ code }) => !others.has(code))
      .map(({ code, sentence }) => ({ kind, now: word, code, sentence }))
  return [...only(now, then, 'more'), ...only(then, now, 'less')]
}

function ofSteps(before: readonly ApprovalStep[], after: readonly ApprovalStep[]): Change[] {
  const [then, now] = [countByGroups(before), countByGroups(after)]
  const keys = [...new Set([...then.keys(), ...now.keys()])]
  return keys.flatMap((key): Change[] => {
    const difference = (now.get(key)?.count ?? 0) - (then.get(key)?.count ?? 0)
    const groups = (now.get(key) ?? then.get(key))?.groups.join(' or ') ?? ''
    if (difference === 0) return []
    const sentence = `${Math.abs(difference)} ${difference > 0 ? 'more' : 'fewer'} of ${groups} must approve.`
    return [{ kind: 'approval', now: difference > 0 ? 'more' : 'less', code: null, sentence }]
  })
}

const single = (kind: Change['kind'], more: boolean, sentence: string): Change[] => [
  { kind, now: more ? 'more' : 'less', code: null, sentence },
]

function ofTicket(before: Verdict['requirements'], after: Verdict['requirements']): Change[] {
  const asText = (one: Verdict['requirements']) => JSON.stringify([one.ticketRequired, [...one.ticketPatterns].sort()])
  if (asText(before) === asText(after)) return []
  if (!after.ticketRequired) return single('ticket', false, 'Guardrails ask for no ticket any more.')
  const written = after.ticketPatterns.length > 0 ? ` written as ${after.ticketPatterns.join(' and ')}` : ''
  const more = !before.ticketRequired || after.ticketPatterns.length >= before.ticketPatterns.length
  return single('ticket', more, `A ticket${written} is needed.`)
}

function ofReason(before: number, after: number): Change[] {
  if (before === after) return []
  return single(
    'reason',
    after > before,
    `Guardrails want a reason of at least ${after} characters, and wanted ${before}.`,
  )
}

/** Seconds; null is no limit. Told as ISO 8601, as the two verdicts have it. */
function ofDuration(before: Verdict, after: Verdict): Change[] {
  const [then, now] = [before.maxDuration, after.maxDuration]
  if (then === now) return []
  const length = (text: string | null) => (text === null ? Number.POSITIVE_INFINITY : secondsOf(text))
  const words = now === null ? 'Guardrails allow any length of time.' : `Guardrails allow at most ${now}.`
  return single('duration', length(now) < length(then), words)
}

function ofWindow(before: string | null, after: string | null): Change[] {
  if (before === after) return []
  if (after === null) return single('window', false, 'No window closes over it any more.')
  const more = before === null || after < before
  return single('window', more, `It ends at ${after} at the latest, when a window closes.`)
}

/** Everything in which the second judgement is another one than the first. Empty: judged alike. */
export function changesBetween(before: Judged, after: Judged): Change[] {
  const [then, now] = [before.verdict, after.verdict]
  return [
    ...byCode('violation', then.violations, now.violations),
    ...byCode('warning', then.warnings, now.warnings),
    ...ofSteps(before.steps, after.steps),
    ...ofTicket(then.requirements, now.requirements),
    ...ofReason(then.requirements.reasonMinLength, now.requirements.reasonMinLength),
    ...ofDuration(then, now),
    ...ofWindow(then.until, now.until),
  ]
}

/** What becomes of an ask that is judged like this. */
export function outcomeOf({ verdict, steps }: Judged): Outcome {
  if (verdict.violations.length > 0) return 'refused'
  return steps.length > 0 ? 'needs-approval' : 'automatic'
}
