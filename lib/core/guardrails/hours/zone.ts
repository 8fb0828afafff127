// What does a clock on the wall of a time zone show? Offsets of the IANA database, looked up once per stretch of time
// in which they do not change, because a judgement asks for thousands.
import { Temporal } from 'temporal-polyfill'

/** A stretch of time [from, until) in which local time is UTC plus `offset`, all in milliseconds. */
type Stretch = { from: number; until: number; offset: number }

// Only remembers what the time zone database says; cleared when it grows, so that nothing grows without end.
const known = new Map<string, Stretch[]>()

/** Is this a named zone of the IANA database? Bare offsets such as `+02:00` are not: they know no summer time. */
export function isZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
    return true
  } catch {
    return false
  }
}

/** The stretch around this instant (milliseconds since 1970). */
export function stretchAt(zone: string, at: number): Stretch {
  const stretches = known.get(zone) ?? []
  const hit = stretches.find((stretch) => stretch.from <= at && at < stretch.until)
  if (hit) return hit
  const here = Temporal.Instant.fromEpochMilliseconds(Math.floor(at)).toZonedDateTimeISO(zone)
  // `previous` is strictly before, so it is asked from the next millisecond on.
  const before = here.add({ milliseconds: 1 }).getTimeZoneTransition('previous')
  const after = here.getTimeZoneTransition('next')
  const stretch = {
    from: before?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    until: after?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: here.offsetNanoseconds / 1e6,
  }
  if (known.size > 500) known.clear()
  known.set(zone, [stretch, ...stretches].slice(0, 50))
  return stretch
}

const dayMs = 86_400_000

/** The wall clock at this instant: days since 1970-01-01, ISO weekday (1 Monday … 7 Sunday), milliseconds of the day. */
export function wallClock(zone: string, at: number): { day: number; weekday: number; ms: number } {
  const local = at + stretchAt(zone, at).offset
  const day = Math.floor(local / dayMs)
  return { day, weekday: ((((day + 3) % 7) + 7) % 7) + 1, ms: local - day * dayMs }
}

/** The first instant of a date (`2026-12-24`) in a zone, in milliseconds since 1970. */
export const startOfDate = (date: string, zone: string): number =>
  Temporal.PlainDate.from(date).toZonedDateTime({ timeZone: zone }).epochMilliseconds

/** The first instant of the day after a date in a zone. */
export const endOfDate = (date: string, zone: string): number =>
  Temporal.PlainDate.from(date).add({ days: 1 }).toZonedDateTime({ timeZone: zone }).epochMilliseconds

/** An instant as a person of that zone would write it: `Mon 2026-11-23 09:00 (Europe/Berlin)`. */
export function inZone(at: number, zone: string): string {
  const here = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][here.dayOfWeek - 1]
  return `${day} ${here.toPlainDate()} ${here.toPlainTime().toString({ smallestUnit: 'minute' })} (${zone})`
}
