// What is the local time in a time zone? Each offset of the IANA database is looked up once for the period in which it
// does not change, because one judgement needs thousands.
import { Temporal } from 'temporal-polyfill'

/** A period [from, until) in which local time is UTC plus `offset`, all in milliseconds. */
type Period = { from: number; until: number; offset: number }

// A cache of the time zone database, cleared when it becomes large.
const cache = new Map<string, Period[]>()

/** The period around this instant (milliseconds since 1970). */
export function periodAt(zone: string, at: number): Period {
  const periods = cache.get(zone) ?? []
  const cached = periods.find(({ from, until }) => from <= at && at < until)
  if (cached) return cached
  const here = Temporal.Instant.fromEpochMilliseconds(Math.floor(at)).toZonedDateTimeISO(zone)
  // `previous` finds transitions strictly before, so it searches from the next millisecond.
  const before = here.add({ milliseconds: 1 }).getTimeZoneTransition('previous')
  const after = here.getTimeZoneTransition('next')
  const period = {
    from: before?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    until: after?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: here.offsetNanoseconds / 1e6,
  }
  if (cache.size > 500) cache.clear()
  cache.set(zone, [period, ...periods].slice(0, 50))
  return period
}

const dayMs = 86_400_000

/** The local time at this instant: days since 1970-01-01, ISO weekday (1 Monday … 7 Sunday), milliseconds of the day. */
export function wallClock(zone: string, at: number): { day: number; weekday: number; ms: number } {
  const local = at + periodAt(zone, at).offset
  const day = Math.floor(local / dayMs)
  return { day, weekday: ((((day + 3) % 7) + 7) % 7) + 1, ms: local - day * dayMs }
}

/** The first instant of a date (`2026-12-24`) in a zone, in milliseconds since 1970. */
export const startOfDate = (date: string, zone: string): number =>
  Temporal.PlainDate.from(date).toZonedDateTime({ timeZone: zone }).epochMilliseconds

/** The first instant of the day after a date in a zone. */
export const endOfDate = (date: string, zone: string): number =>
  Temporal.PlainDate.from(date).add({ days: 1 }).toZonedDateTime({ timeZone: zone }).epochMilliseconds

/** An instant in the local time of a zone: `Mon 2026-11-23 09:00 (Europe/Berlin)`. */
export function inZone(at: number, zone: string): string {
  const here = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][here.dayOfWeek - 1]
  return `${day} ${here.toPlainDate()} ${here.toPlainTime().toString({ smallestUnit: 'minute' })} (${zone})`
}
