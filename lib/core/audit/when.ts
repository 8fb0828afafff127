// Dates and times as people write them: `2026-11-01`, `1 Nov 09:00`, `yesterday`, `two hours ago`.
import { casual, type ParsedResult } from 'chrono-node'
import { Temporal } from 'temporal-polyfill'

/** Longer texts are not dates, and parsing them costs time. */
const maxLength = 40

type Now = { now: Date; zone: string }

const inZone = (now: Date, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone)

function parse(text: string, { now, zone }: Now): ParsedResult | undefined {
  // NB: 3/4/2026 is a day of March to some and of April to others.
  if (text.length > maxLength || /\d\/\d/.test(text)) return undefined
  const timezone = inZone(now, zone).offsetNanoseconds / 60e9
  const [found, ...others] = casual.parse(text, { instant: now, timezone })
  return found && others.length === 0 && found.text === text && !found.end ? found : undefined
}

/** `friday` is the last one, because the history has no future. */
function dateOf({ start }: ParsedResult, now: Date, zone: string): Temporal.PlainDate {
  const [year, month, day] = (['year', 'month', 'day'] as const).map((part) => start.get(part) ?? 1)
  const date = new Temporal.PlainDate(year ?? 1970, month ?? 1, day ?? 1)
  const today = inZone(now, zone).toPlainDate()
  const isWeekdayOnly = start.isCertain('weekday') && !start.isCertain('day')
  return isWeekdayOnly && Temporal.PlainDate.compare(date, today) > 0 ? date.subtract({ days: 7 }) : date
}

/**
 * The instant of a date or time in a zone; undefined if the text is neither. A date is its first moment. As the end of a
 * range (`until`) it is the first moment of the next day, so that the range includes the day.
 */
export function instantOf(text: string, { now, zone, until = false }: Now & { until?: boolean }): Date | undefined {
  const found = parse(text.trim(), { now, zone })
  if (!found) return undefined
  const { start } = found
  if (start.isCertain('hour') && start.isCertain('timezoneOffset')) return start.date()
  const date = dateOf(found, now, zone)
  const at = (wall: Temporal.PlainDate | Temporal.PlainDateTime) =>
    new Date(wall.toZonedDateTime(zone).epochMilliseconds)
  if (!start.isCertain('hour')) return at(until ? date.add({ days: 1 }) : date)
  const [hour = 0, minute = 0, second = 0, millisecond = 0] = (
    ['hour', 'minute', 'second', 'millisecond'] as const
  ).map((part) => start.get(part) ?? 0)
  return at(date.toPlainDateTime({ hour, minute, second, millisecond }))
}

/** The years that PostgreSQL and JavaScript write alike. No event lies outside of them. */
const [firstTime, lastTime] = [Date.UTC(1970, 0, 1), Date.UTC(9999, 11, 31)]

/** The nearest time that an event can have. */
export const nearestEventTime = (time: number): Date => new Date(Math.min(Math.max(time, firstTime), lastTime))
