// When is a window open? While the local time in its zone is on a listed day and between its times. So an hour that
// daylight saving time repeats is inside twice, and one that it skips is never inside.
import { periodAt, wallClock } from './zone.ts'

const dayMs = 86_400_000
const minuteMs = 60_000

/** ISO weekdays (1 Monday … 7 Sunday) and minutes of the day; `to` ≤ `from` ends on the next day. */
export type OpenHours = { zone: string; days: ReadonlySet<number>; from: number; to: number }
/** A freeze [from, until), in milliseconds since 1970. */
export type Frozen = { name: string; from: number; until: number }
/** Without windows it is always open, except during freezes. `frozen` is ordered by `from` and does not overlap. */
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

/** The freeze in effect at this instant, if any. */
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

/** The next instant at which a window could open or close: one of its times, midnight, or a change of the offset. */
function nextEdge({ zone, from, to }: OpenHours, at: number): number {
  const { until } = periodAt(zone, at)
  const { ms } = wallClock(zone, at)
  const later = [from * minuteMs, to * minuteMs, dayMs].filter((edge) => edge > ms)
  return Math.min(until, at + Math.min(...later) - ms)
}

const never = Number.POSITIVE_INFINITY
// Weeks repeat, and daylight saving time can skip one opening, so nothing changes later that has not changed in 16 days.
const farMs = 16 * dayMs

/** The first instant in [at, end) inside any window (`inside`) or outside all of them, or undefined. */
function firstWithin(schedule: Schedule, at: number, end: number, inside: boolean): number | undefined {
  let edge = at
  while (edge < end) {
    if (isWithinHours(schedule, edge) === inside) return edge
    const from = edge
    edge = Math.min(...schedule.windows.map((hours) => nextEdge(hours, from)))
  }
  return undefined
}

/** The first instant from `at` on at which it is closed; Infinity if it stays open. */
export function closesAt(schedule: Schedule, at: number): number {
  const nextFreeze = schedule.frozen.find((freeze) => freeze.until > at)?.from ?? never
  if (nextFreeze <= at) return at
  return firstWithin(schedule, at, Math.min(nextFreeze, at + farMs), false) ?? nextFreeze
}

/** The first instant from `at` on at which it is open; Infinity if there is none. */
export function opensAt(schedule: Schedule, at: number): number {
  let from = at
  // Each round searches up to the next freeze; the last one is bounded by `farMs`.
  while (from < never) {
    from = frozenAt(schedule, from)?.until ?? from
    const nextFreeze = schedule.frozen.find((freeze) => freeze.from >= from)
    const open = firstWithin(schedule, from, Math.min(nextFreeze?.from ?? never, from + farMs), true)
    if (open !== undefined) return open
    from = nextFreeze?.until ?? never
  }
  return never
}

/** A schedule, and whether access that started while it was open may continue after it closes. */
export type TimeLimit = { schedule: Schedule; mayOutlive: boolean }

const fits = ({ schedule, mayOutlive }: TimeLimit, at: number, lengthMs: number) =>
  isOpen(schedule, at) && (mayOutlive || closesAt(schedule, at) >= at + lengthMs)

// The search stops after this many checks, which take about 100 ms.
const maxChecks = 20_000

/**
 * The first instant from `from` on at which all schedules are open, and stay open for as long as access lasts unless it
 * may outlive them. Null if there is none within two years.
 */
export function nextMoment(limits: readonly TimeLimit[], from: Date, durationSeconds: number): Date | null {
  const lengthMs = durationSeconds * 1000
  const horizon = from.getTime() + 2 * 366 * dayMs
  let at = from.getTime()
  let checks = 0
  while (at <= horizon && checks < maxChecks) {
    const candidate = at
    const closed = limits.find((limit) => ++checks && !fits(limit, candidate, lengthMs))
    if (!closed) return new Date(at)
    const open = opensAt(closed.schedule, at)
    // If it is open, but not for long enough, the next candidate is the opening after it closes.
    at = open > at ? open : opensAt(closed.schedule, closesAt(closed.schedule, at))
  }
  return null
}
