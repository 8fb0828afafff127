// When is it open? Windows are read off the wall: open while a clock in that zone shows a listed day and a time inside.
// So an hour that daylight saving repeats is inside twice, and one that it skips is inside never.
import { stretchAt, wallClock } from './zone.ts'

const dayMs = 86_400_000
const minuteMs = 60_000

/** ISO weekdays (1 Monday … 7 Sunday) and minutes of the day; `to` ≤ `from` ends on the next day. */
export type OpenHours = { zone: string; days: ReadonlySet<number>; from: number; to: number }
/** [from, until) in milliseconds since 1970, when nothing is open. */
export type Frozen = { name: string; from: number; until: number }
/** No windows: always open, but for what is frozen. `frozen` is in order of `from` and does not overlap. */
export type Schedule = { windows: readonly OpenHours[]; frozen: readonly Frozen[] }

/** `window('Europe/Berlin', [1, 2, 3, 4, 5], 540, 1080)`: weekdays from nine to six. */
export const window = (zone: string, days: readonly number[], from: number, to: number): OpenHours => ({
  zone,
  days: new Set(days),
  from,
  to,
})

function isInside({ zone, days, from, to }: OpenHours, at: number): boolean {
  const { weekday, ms } = wallClock(zone, at)
  const [begins, ends] = [from * minuteMs, to * minuteMs]
  if (to > from) return days.has(weekday) && ms >= begins && ms < ends
  const yesterday = weekday === 1 ? 7 : weekday - 1
  return (days.has(weekday) && ms >= begins) || (days.has(yesterday) && ms < ends)
}

/** The freeze that holds at this instant, if one does. */
export function frozenAt({ frozen }: Schedule, at: number): Frozen | undefined {
  let [low, high] = [0, frozen.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((frozen[middle]?.from ?? 0) <= at) low = middle + 1
    else high = middle
  }
  const last = frozen[low - 1]
  return last && at < last.until ? last : undefined
}

const isWithinHours = ({ windows }: Schedule, at: number) =>
  windows.length === 0 || windows.some((hours) => isInside(hours, at))

export const isOpen = (schedule: Schedule, at: number): boolean =>
  !frozenAt(schedule, at) && isWithinHours(schedule, at)

/** The next instant at which these hours could begin or end: a time on the wall, midnight, or a change of the offset. */
function nextEdge({ zone, from, to }: OpenHours, at: number): number {
  const { until } = stretchAt(zone, at)
  const { ms } = wallClock(zone, at)
  const later = [from * minuteMs, to * minuteMs, dayMs].filter((edge) => edge > ms)
  return Math.min(until, at + Math.min(...later) - ms)
}

const never = Number.POSITIVE_INFINITY
// A schedule that is open at all is open within a week of any day that is not frozen; each day has at most three edges
// per window. Ten thousand steps are years.
const maxSteps = 10_000

/** The first instant from `at` on that is not open; Infinity where it stays open as far as one can see. */
export function closesAt(schedule: Schedule, at: number): number {
  const nextFreeze = schedule.frozen.find((freeze) => freeze.until > at)?.from ?? never
  if (nextFreeze <= at) return at
  if (schedule.windows.length === 0) return nextFreeze
  let edge = at
  for (let step = 0; step < maxSteps && edge < nextFreeze; step++) {
    if (!isWithinHours(schedule, edge)) return edge
    const from = edge
    edge = Math.min(...schedule.windows.map((hours) => nextEdge(hours, from)))
  }
  return nextFreeze
}

/** The first instant from `at` on that is open; Infinity where there is none as far as one can see. */
export function opensAt(schedule: Schedule, at: number): number {
  let edge = at
  for (let step = 0; step < maxSteps && edge < never; step++) {
    const freeze = frozenAt(schedule, edge)
    if (freeze) edge = freeze.until
    else if (isWithinHours(schedule, edge)) return edge
    else {
      const from = edge
      edge = Math.min(...schedule.windows.map((hours) => nextEdge(hours, from)))
    }
  }
  return never
}

/** A schedule, and whether access that began while it was open may go on after it has closed. */
export type TimeLimit = { schedule: Schedule; mayOutlive: boolean }

const fits = ({ schedule, mayOutlive }: TimeLimit, at: number, lengthMs: number) =>
  isOpen(schedule, at) && (mayOutlive || closesAt(schedule, at) >= at + lengthMs)

/**
 * The first instant from `from` on at which all of them are open, and stay open for as long as access lasts unless they
 * may be outlived. Null where there is none within about two years.
 */
export function nextMoment(limits: readonly TimeLimit[], from: Date, durationSeconds: number): Date | null {
  const lengthMs = durationSeconds * 1000
  const horizon = from.getTime() + 2 * 366 * dayMs
  let at = from.getTime()
  for (let step = 0; step < maxSteps && at <= horizon; step++) {
    const here = at
    const bad = limits.find((limit) => !fits(limit, here, lengthMs))
    if (!bad) return new Date(at)
    const open = opensAt(bad.schedule, at)
    // Open now, but not for long enough: the next chance comes after it has closed.
    at = open > at ? open : opensAt(bad.schedule, closesAt(bad.schedule, at))
  }
  return null
}
