// Where do two judgements of the same ask differ, as far as it matters to the people in it?

import { secondsOf } from '#lib/core/access/duration'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import type { Change, Outcome } from '#lib/core/access/policy-trial'
import type { Verdict, Violation } from '#lib/core/access/verdict-resource'
import { countByGroups } from '#lib/core/guardrails/configured/approval-steps'
import type { GuardrailRequirement } from '#lib/core/guardrails/configured/judge-configured'

/** A verdict, who would have to approve, and which guardrails want what; `wants` is empty where that was not kept. */
export type Judged = {
  verdict: Verdict
  steps: readonly ApprovalStep[]
  guardrailRequirements: readonly GuardrailRequirement[]
}

type Both = { before: Judged; after: Judged }

/** Guardrails that are named for one change: a policy may bring a thousand. */
const mostNamed = 5

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
      .map(({ code, sentence }) => ({ kind, now: word, code, sentence, requiredBy: [], requiredByMore: 0 }))
  return [...only(now, then, 'more'), ...only(then, now, 'less')]
}

/** @param wants does this guardrail want what the stricter of the two has and `laxer` has not? */
function changeOf(
  kind: Change['kind'],
  { before, after }: Both,
  told: {
    more: boolean
    sentence: string
    guardrailRequirements: (want: GuardrailRequirement, stricter: Judged, laxer: Judged) => unknown
  },
): Change {
  const { more, sentence } = told
  const [stricter, laxer] = more ? [after, before] : [before, after]
  const wanting = stricter.guardrailRequirements.filter((want) => told.guardrailRequirements(want, stricter, laxer))
  return {
    kind,
    now: more ? 'more' : 'less',
    code: null,
    sentence,
    requiredBy: wanting.slice(0, mostNamed).map((want) => ({ name: want.name, sentence: want.sentence })),
    requiredByMore: Math.max(0, wanting.length - mostNamed),
  }
}

const people = (steps: readonly ApprovalStep[]) => steps.reduce((sum, { count }) => sum + count, 0)

/** Does it want so many people altogether that this step, the first, was raised for it? */
function raises(approvers: number | undefined, key: string, stricter: Judged, laxer: Judged): boolean {
  const [first] = countByGroups(stricter.steps.slice(0, 1)).keys()
  return first === key && approvers === people(stricter.steps) && approvers > people(laxer.steps)
}

function ofSteps(both: Both): Change[] {
  const [then, now] = [countByGroups(both.before.steps), countByGroups(both.after.steps)]
  const keys = [...new Set([...then.keys(), ...now.keys()])]
  return keys.flatMap((key): Change[] => {
    const [was, is] = [then.get(key)?.count ?? 0, now.get(key)?.count ?? 0]
    const groups = (now.get(key) ?? then.get(key))?.groups.join(' or ') ?? ''
    if (was === is) return []
    return [
      changeOf('approval', both, {
        more: is > was,
        sentence: `${Math.abs(is - was)} ${is > was ? 'more' : 'fewer'} of ${groups} must approve.`,
        guardrailRequirements: ({ requires }, stricter, laxer) =>
          (countByGroups(requires?.approvals ?? []).get(key)?.count ?? 0) > Math.min(was, is) ||
          raises(requires?.approvers, key, stricter, laxer),
      }),
    ]
  })
}

function ofTicket(both: Both): Change[] {
  const [before, after] = [both.before.verdict.requirements, both.after.verdict.requirements]
  const asText = (one: Verdict['requirements']) => JSON.stringify([one.ticketRequired, [...one.ticketPatterns].sort()])
  if (asText(before) === asText(after)) return []
  const written = after.ticketPatterns.length > 0 ? ` written as ${after.ticketPatterns.join(' and ')}` : ''
  return [
    changeOf('ticket', both, {
      more:
        after.ticketRequired && (!before.ticketRequired || after.ticketPatterns.length >= before.ticketPatterns.length),
      sentence: after.ticketRequired ? `A ticket${written} is needed.` : 'Guardrails ask for no ticket any more.',
      guardrailRequirements: ({ requires }, _, { verdict: { requirements } }) => {
        const ticket = requires?.ticket
        if (!ticket || ticket === true) return ticket && !requirements.ticketRequired
        return !requirements.ticketPatterns.includes(ticket.pattern)
      },
    }),
  ]
}

function ofReason(both: Both): Change[] {
  const [before, after] = [both.before, both.after].map(({ verdict }) => verdict.requirements.reasonMinLength)
  if (before === undefined || after === undefined || before === after) return []
  return [
    changeOf('reason', both, {
      more: after > before,
      sentence: `Guardrails want a reason of at least ${after} characters, and wanted ${before}.`,
      guardrailRequirements: ({ requires }) => (requires?.reasonMinLength ?? 0) > Math.min(before, after),
    }),
  ]
}

/** Seconds; null is no limit. */
const lengthOf = (text: string | null) => (text === null ? Number.POSITIVE_INFINITY : secondsOf(text))

/** Told as ISO 8601, as the two verdicts have it. */
function ofDuration(both: Both): Change[] {
  const [then, now] = [both.before.verdict.maxDuration, both.after.verdict.maxDuration]
  if (then === now) return []
  return [
    changeOf('duration', both, {
      more: lengthOf(now) < lengthOf(then),
      sentence: now === null ? 'Guardrails allow any length of time.' : `Guardrails allow at most ${now}.`,
      guardrailRequirements: ({ maxDurationSeconds }, _, laxer) =>
        maxDurationSeconds !== null && maxDurationSeconds < lengthOf(laxer.verdict.maxDuration),
    }),
  ]
}

function ofWindow(both: Both): Change[] {
  const [before, after] = [both.before.verdict.until, both.after.verdict.until]
  if (before === after) return []
  return [
    changeOf('window', both, {
      more: after !== null && (before === null || after < before),
      sentence:
        after === null
          ? 'No window closes over it any more.'
          : `It ends at ${after} at the latest, when a window closes.`,
      guardrailRequirements: ({ until }, _, { verdict }) =>
        until !== null && (verdict.until === null || until.toISOString() < verdict.until),
    }),
  ]
}

/** Everything in which the second judgement is another one than the first. Empty: judged alike. */
export function changesBetween(before: Judged, after: Judged): Change[] {
  const [then, now] = [before.verdict, after.verdict]
  const both = { before, after }
  return [
    ...byCode('violation', then.violations, now.violations),
    ...byCode('warning', then.warnings, now.warnings),
    ...ofSteps(both),
    ...ofTicket(both),
    ...ofReason(both),
    ...ofDuration(both),
    ...ofWindow(both),
  ]
}

/** What becomes of an ask that is judged like this. */
export function outcomeOf({ verdict, steps }: Pick<Judged, 'verdict' | 'steps'>): Outcome {
  if (verdict.violations.length > 0) return 'refused'
  return steps.length > 0 ? 'needs-approval' : 'automatic'
}
