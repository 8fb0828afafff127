// How do two judgements of the same request differ, as far as it matters to the requester and the approvers?

import { secondsOf } from '#lib/core/access/duration'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { approversInWords, groupsInWords } from '#lib/core/access/on-call'
import type { Change, Outcome } from '#lib/core/access/policy-trial'
import { isUnrouted } from '#lib/core/access/routing'
import type { Verdict, Violation } from '#lib/core/access/verdict-resource'
import { countByGroups } from '#lib/core/guardrails/configured/approval-steps'
import type { GuardrailRequirement } from '#lib/core/guardrails/configured/judge-configured'

/** A judgement to compare. `guardrailRequirements` is empty where it was not stored. */
export type Judged = {
  verdict: Verdict
  steps: readonly ApprovalStep[]
  guardrailRequirements: readonly GuardrailRequirement[]
}

type Both = { before: Judged; after: Judged }

/** One change names no more guardrails than this; a policy can have a thousand. */
const maxNamed = 5

/** Of several violations of one guardrail, the first. */
function firstByCode(violations: readonly Violation[]): ReadonlyMap<string, Violation> {
  const first = new Map<string, Violation>()
  for (const violation of violations) if (!first.has(violation.code)) first.set(violation.code, violation)
  return first
}

/** Violations or warnings that are new or gone. A different wording is not a change. */
function violationChanges(
  kind: 'violation' | 'warning',
  violationsBefore: readonly Violation[],
  violationsAfter: readonly Violation[],
): Change[] {
  const [before, after] = [firstByCode(violationsBefore), firstByCode(violationsAfter)]
  const missingFrom = (others: typeof before, some: typeof before, now: Change['now']): Change[] =>
    [...some.values()]
      .filter(({ code }) => !others.has(code))
      .map(({ code, sentence }) => ({ kind, now, code, sentence, requiredBy: [], requiredByMore: 0 }))
  return [...missingFrom(before, after, 'more'), ...missingFrom(after, before, 'less')]
}

/** What changed, and whether a guardrail of the stricter judgement requires what the laxer one does not. */
type Difference = {
  isStricter: boolean
  sentence: string
  isRequiredBy: (requirement: GuardrailRequirement, stricter: Judged, laxer: Judged) => boolean
}

function changeOf(
  kind: Change['kind'],
  { before, after }: Both,
  { isStricter, sentence, isRequiredBy }: Difference,
): Change {
  const [stricter, laxer] = isStricter ? [after, before] : [before, after]
  const requiring = stricter.guardrailRequirements.filter((requirement) => isRequiredBy(requirement, stricter, laxer))
  return {
    kind,
    now: isStricter ? 'more' : 'less',
    code: null,
    sentence,
    requiredBy: requiring.slice(0, maxNamed).map(({ name, sentence }) => ({ name, sentence })),
    requiredByMore: Math.max(0, requiring.length - maxNamed),
  }
}

const peopleIn = (steps: readonly ApprovalStep[]) => steps.reduce((sum, { count }) => sum + count, 0)

/** Was the count of this step raised because a guardrail requires this many approvers? Only the first step is raised. */
function isRaisedFor(approvers: number | undefined, key: string, stricter: Judged, laxer: Judged): boolean {
  const [first] = countByGroups(stricter.steps.slice(0, 1)).keys()
  return first === key && approvers === peopleIn(stricter.steps) && approvers > peopleIn(laxer.steps)
}

const approvals = (count: number, which: string) => `${count} ${which} ${count === 1 ? 'approval' : 'approvals'}`

function stepChanges(both: Both): Change[] {
  const [before, after] = [countByGroups(both.before.steps), countByGroups(both.after.steps)]
  const keys = [...new Set([...before.keys(), ...after.keys()])]
  return keys.flatMap((key): Change[] => {
    const [old, current] = [before.get(key)?.count ?? 0, after.get(key)?.count ?? 0]
    if (old === current) return []
    const step = after.get(key) ?? before.get(key)
    const groups = step && isUnrouted(step) ? approversInWords(step) : groupsInWords(step?.groups ?? [])
    const isStricter = current > old
    return [
      changeOf('approval', both, {
        isStricter,
        sentence: `Requires ${approvals(Math.abs(current - old), isStricter ? 'more' : 'fewer')} from ${groups}.`,
        isRequiredBy: ({ requires }, stricter, laxer) =>
          (countByGroups(requires?.approvals ?? []).get(key)?.count ?? 0) > Math.min(old, current) ||
          isRaisedFor(requires?.approvers, key, stricter, laxer),
      }),
    ]
  })
}

function ticketChanges(both: Both): Change[] {
  const [before, after] = [both.before.verdict.requirements, both.after.verdict.requirements]
  const key = ({ ticketRequired, ticketPatterns }: Verdict['requirements']) =>
    JSON.stringify([ticketRequired, [...ticketPatterns].sort()])
  if (key(before) === key(after)) return []
  const format = after.ticketPatterns.length > 0 ? ` that matches ${after.ticketPatterns.join(' and ')}` : ''
  return [
    changeOf('ticket', both, {
      isStricter:
        after.ticketRequired && (!before.ticketRequired || after.ticketPatterns.length >= before.ticketPatterns.length),
      sentence: after.ticketRequired ? `Requires a ticket${format}.` : 'No longer requires a ticket.',
      isRequiredBy: ({ requires }, _, { verdict: { requirements } }) => {
        const ticket = requires?.ticket
        if (!ticket) return false
        return ticket === true ? !requirements.ticketRequired : !requirements.ticketPatterns.includes(ticket.pattern)
      },
    }),
  ]
}

function reasonChanges(both: Both): Change[] {
  const [before, after] = [both.before, both.after].map(({ verdict }) => verdict.requirements.reasonMinLength)
  if (before === undefined || after === undefined || before === after) return []
  return [
    changeOf('reason', both, {
      isStricter: after > before,
      sentence: `Requires a reason of at least ${after} characters instead of ${before}.`,
      isRequiredBy: ({ requires }) => (requires?.reasonMinLength ?? 0) > Math.min(before, after),
    }),
  ]
}

/** In seconds; null is unlimited. */
const lengthOf = (text: string | null) => (text === null ? Number.POSITIVE_INFINITY : secondsOf(text))

/** The sentence has ISO 8601, as the two verdicts do. */
function durationChanges(both: Both): Change[] {
  const [before, after] = [both.before.verdict.maxDuration, both.after.verdict.maxDuration]
  if (before === after) return []
  return [
    changeOf('duration', both, {
      isStricter: lengthOf(after) < lengthOf(before),
      sentence: after === null ? 'No longer limits the duration.' : `Limits the duration to ${after}.`,
      isRequiredBy: ({ maxDurationSeconds }, _, laxer) =>
        maxDurationSeconds !== null && maxDurationSeconds < lengthOf(laxer.verdict.maxDuration),
    }),
  ]
}

function windowChanges(both: Both): Change[] {
  const [before, after] = [both.before.verdict.until, both.after.verdict.until]
  if (before === after) return []
  return [
    changeOf('window', both, {
      isStricter: after !== null && (before === null || after < before),
      sentence:
        after === null ? 'No longer ends access with a window.' : `Ends access by ${after}, when a window closes.`,
      isRequiredBy: ({ until }, _, { verdict }) =>
        until !== null && (verdict.until === null || until.toISOString() < verdict.until),
    }),
  ]
}

/** Every difference between two judgements of a request. Empty if there is none. */
export function changesBetween(before: Judged, after: Judged): Change[] {
  const both = { before, after }
  return [
    ...violationChanges('violation', before.verdict.violations, after.verdict.violations),
    ...violationChanges('warning', before.verdict.warnings, after.verdict.warnings),
    ...stepChanges(both),
    ...ticketChanges(both),
    ...reasonChanges(both),
    ...durationChanges(both),
    ...windowChanges(both),
  ]
}

/** What happens to a request with this judgement. */
export function outcomeOf({ verdict, steps }: Pick<Judged, 'verdict' | 'steps'>): Outcome {
  if (verdict.violations.length > 0) return 'refused'
  return steps.length > 0 ? 'needs-approval' : 'automatic'
}
