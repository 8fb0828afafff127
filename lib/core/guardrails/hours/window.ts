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
// Weeks repeat, and daylight saving can swallow one opening: what has not changed in 16 days does not change any more.
const farMs = 16 * dayMs

/** The first instant in [at, end) at which the hours are as wanted, or undefined. */
function firstWithin(schedule: Schedule, at: number, end: number, wanted: boolean): number | undefined {
  let edge = at
  while (edge < end) {
    if (isWithinHours(schedule, edge) === wanted) return edge
    const from = edge
    edge = Math.min(...schedule.windows.map((hours) => nextEdge(hours, from)))
  }
  return undefined
}

/** The first instant from `at` on that is not open; Infinity where it stays open. */
export function closesAt(schedule: Schedule, at: number): number {
  const nextFreeze = schedule.frozen.find((freeze) => freeze.until > at)?.from ?? never
  if (nextFreeze <= at) return at
  return firstWithin(schedule, at, Math.min(nextFreeze, at + farMs), false) ?? nextFreeze
}

/** The first instant from `at` on that is open; Infinity where there is none. */
export function opensAt(schedule: Schedule, at: number): number {
  let from = at
  // Each round ends before a freeze; the one after the last freeze ends by itself.
  while (from < never) {
    from = frozenAt(schedule, from)?.until ?? from
    const nextFreeze = schedule.frozen.find((freeze) => freeze.from >= from)
    const open = firstWithin(schedule, from, Math.min(nextFreeze?.from ?? never, from + farMs), true)
    if (open !== undefined) return open
    from = nextFreeze?.until ?? never
  }
  return never
}

/** A schedule, and whether access that began while it was open may go on after it has closed. */
export type TimeLimit = { schedule: Schedule; mayOutlive: boolean }

const fits = ({ schedule, mayOutlive }: TimeLimit, at: number, lengthMs: number) =>
  isOpen(schedule, at) && (mayOutlive || closesAt(schedule, at) >= at + lengthMs)

// How often a limit is looked at before the search is given up: a tenth of a second of work.
const maxLooks = 20_000

/**
 * The first instant from `from` on at which all of them are open, and stay open for as long as access lasts unless they
 * may be outlived. Null where none was found within two years.
 */
export function nextMoment(limits: readonly TimeLimit[], from: Date, durationSeconds: number): Date | null {
  const lengthMs = durationSeconds * 1000
  const horizon = from.getTime() + 2 * 366 * dayMs
  let at = from.getTime()
  let looks = 0
  while (at <= horizon && looks < maxLooks) {
    const here = at
    const bad = limits.find((limit) => ++looks && !fits(limit, here, lengthMs))
    if (!bad) return new Date(at)
    const open = opensAt(bad.schedule, at)
    // Open now, but not for long enough: the next chance comes after it has closed.
    at = open > at ? open : opensAt(bad.schedule, closesAt(bad.schedule, at))
  }
  return null
}
