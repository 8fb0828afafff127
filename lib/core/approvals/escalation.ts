// A step that is not complete in time escalates: more groups may approve it. Who may approve at a moment follows from the
// signed steps and the clock (approval-clock.ts) alone, so that no stored row can let someone approve earlier. The worker only
// records that it happened, shows the request to the new groups, and notifies them (lib/worker/follow-up-request.ts).
import type { ApprovalStep, Escalation } from '#lib/core/access/entitlement'
import { type ApprovalClock, secondsOn, timeOn } from './approval-clock.ts'
import type { StepState } from './resolve.ts'

/** The groups that may approve a step when the clock shows this many seconds. */
export const groupsAfter = ({ groups, escalate = [] }: ApprovalStep, seconds: number): string[] => [
  ...new Set([...groups, ...escalate.filter(({ after }) => after <= seconds).flatMap((level) => level.groups)]),
]

/** The steps as they are at this moment, with the groups of every escalation that is due. */
export const stepsAt = (steps: readonly ApprovalStep[], clock: ApprovalClock, at: Date): ApprovalStep[] =>
  steps.map((step) => ({ groups: groupsAfter(step, secondsOn(clock, at)), count: step.count }))

/** Every group that a step ever names. */
export const allGroups = (step: ApprovalStep): string[] => groupsAfter(step, Number.POSITIVE_INFINITY)

/** The steps that still need an approval. */
export const openSteps = (steps: readonly ApprovalStep[], states: readonly StepState[]): ApprovalStep[] =>
  steps.filter((_, index) => {
    const state = states[index]
    return state !== undefined && state.approvedBy.length < state.count
  })

const timesOf = ({ remindAfter, escalate = [] }: ApprovalStep) => [
  ...(remindAfter === undefined ? [] : [remindAfter]),
  ...escalate.map(({ after }) => after),
]

/** A step that was complete when an escalation was due is looked at again this often: its approver may lose their group. */
const lookAgainEvery = 60_000

/**
 * When the worker next reminds or escalates; null if nothing is left to do, or the clock is stopped before.
 * @param last the follow-up before, and the groups that the request is shown to since then; null at the submission
 */
export function nextFollowUp(
  steps: readonly ApprovalStep[],
  clock: ApprovalClock,
  last: { at: Date; shownTo: readonly string[] } | null,
): Date | null {
  const from = last === null ? Number.NEGATIVE_INFINITY : secondsOn(clock, last.at)
  const next = Math.min(...steps.flatMap(timesOf).filter((seconds) => seconds > from))
  const planned = Number.isFinite(next) ? timeOn(clock, next) : null
  const isLeftOut = last && steps.some((step) => groupsAfter(step, from).some((group) => !last.shownTo.includes(group)))
  const again = isLeftOut ? new Date(last.at.getTime() + lookAgainEvery) : null
  return planned && again ? (planned < again ? planned : again) : (planned ?? again)
}

export type FollowUp = {
  /** Someone is reminded: those who may approve these steps. */
  reminded: { groups: string[]; afterSeconds: number } | null
  escalated: Array<{ from: string[]; to: string[]; afterSeconds: number }>
}

/**
 * What is due from `since` until `now`, for steps that are not complete. A worker that was down for longer catches up: it
 * escalates to every level that is due, and reminds only where nothing escalates at the same time. A level that was due before
 * happens now if the request was not shown to its groups, because the step was complete then and no longer is.
 */
export function followUpOf(
  steps: readonly ApprovalStep[],
  states: readonly StepState[],
  { clock, since, now, shownTo }: { clock: ApprovalClock; since: Date; now: Date; shownTo: readonly string[] },
): FollowUp {
  const [from, to] = [secondsOn(clock, since), secondsOn(clock, now)]
  const isDue = (seconds: number) => seconds >= from && seconds <= to
  const open = openSteps(steps, states)
  const escalated = open.flatMap((step) => {
    const isLeftOut = ({ after, groups }: Escalation) => after < from && groups.some((one) => !shownTo.includes(one))
    const levels = (step.escalate ?? []).filter((level) => isDue(level.after) || isLeftOut(level))
    const last = levels.at(-1)
    const before = new Set([...step.groups, ...groupsAfter(step, from - 0.001).filter((one) => shownTo.includes(one))])
    const added = [...new Set(levels.flatMap(({ groups }) => groups))].filter((group) => !before.has(group))
    return last && added.length > 0 ? [{ from: [...before], to: added, afterSeconds: last.after }] : []
  })
  const waiting = open.filter(({ remindAfter }) => remindAfter !== undefined && isDue(remindAfter))
  const [first] = waiting
  const reminded =
    first?.remindAfter !== undefined && escalated.length === 0
      ? { groups: [...new Set(waiting.flatMap((step) => groupsAfter(step, to)))], afterSeconds: first.remindAfter }
      : null
  return { reminded, escalated }
}

/** The escalation that a row of a list shows: the next one, or else the last one that happened. */
export function shownEscalation(
  steps: readonly ApprovalStep[],
  approverGroups: readonly string[],
  clock: ApprovalClock,
  now: Date,
): { groups: string[]; at: Date; isDone: boolean } | null {
  const all = steps
    .flatMap(({ escalate = [] }) => escalate)
    .flatMap(({ after, groups }) => {
      const at = timeOn(clock, after)
      return at ? [{ groups, at }] : []
    })
    .sort((a, b) => a.at.getTime() - b.at.getTime())
  // A list doesn't know which of several steps are complete, and a complete one does not escalate.
  const next = steps.length === 1 ? all.find(({ at }) => at > now) : undefined
  if (next) return { ...next, isDone: false }
  const last = all.findLast(({ groups }) => groups.every((group) => approverGroups.includes(group)))
  return last ? { ...last, isDone: true } : null
}
