// When do freezes apply? Merges the dates of a policy and the events of iCalendar files into one ordered list.
import ICAL from 'ical.js'
import { Temporal } from 'temporal-polyfill'
import { isTimeZone } from '#lib/core/access/time-zone'
import type { Freeze } from '#lib/core/guardrails/configured/schema'
import type { Frozen } from './window.ts'
import { endOfDate, startOfDate } from './zone.ts'

/** Thrown for a freeze that cannot be used. */
export class FreezeError extends Error {}

const maxText = 1_000_000
const maxEvents = 5_000
const maxOccurrences = 5_000
/** More days, weeks, months or years would take the library long to count. */
const maxInterval = 1_000
/** Days. */
const maxLength = 3_660

// With these, the next date never has to be searched for, so no recurrence can keep the process busy.
const supportedParts = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYDAY'])
const supportedFrequencies = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY']

function assertSupported(rule: ICAL.Recur, summary: string) {
  const parts = rule.toString().split(';')
  const unknownPart = parts.find((part) => !supportedParts.has(part.split('=')[0] ?? ''))
  const byDay = parts.find((part) => part.startsWith('BYDAY='))
  const unsupported =
    unknownPart ??
    (supportedFrequencies.includes(rule.freq) ? undefined : `FREQ=${rule.freq}`) ??
    (byDay && (rule.freq !== 'WEEKLY' || /\d/.test(byDay)) ? byDay : undefined)
  if (unsupported)
    throw new FreezeError(`${summary} repeats by ${unsupported}, which is not supported: list the dates instead`)
  if (rule.interval > maxInterval) throw new FreezeError(`${summary} repeats at an interval over ${maxInterval}`)
  if (!rule.count && !rule.until) throw new FreezeError(`${summary} repeats without end: add UNTIL or COUNT`)
}

/** The instant of a calendar time: in UTC or its own time zone if it has one, else in that of the freeze. */
function instantOf(time: ICAL.Time, tzid: string | undefined, zone: string): number {
  const timeZone = time.zone === ICAL.Timezone.utcTimezone ? 'UTC' : (tzid ?? zone)
  const { year, month, day, hour, minute, second } = time
  const wall = Temporal.PlainDateTime.from({ year, month, day, hour, minute, second })
  return wall.toZonedDateTime(timeZone).epochMilliseconds
}

function occurrencesOf(component: ICAL.Component, zone: string, left: number): Frozen[] {
  const event = new ICAL.Event(component)
  const name = `${event.summary || 'freeze'}`.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 120)
  if (component.getFirstPropertyValue('status') === 'CANCELLED') return []
  if (!event.startDate) throw new FreezeError(`${name} has no DTSTART`)
  const tzid = component.getFirstProperty('dtstart')?.getFirstParameter('tzid') || undefined
  if (tzid !== undefined && !isTimeZone(tzid)) throw new FreezeError(`${name}: ${tzid} is not an IANA time zone`)
  for (const rule of component.getAllProperties('rrule')) assertSupported(rule.getFirstValue() as ICAL.Recur, name)
  const length = event.duration
  if (!(length.toSeconds() <= maxLength * 86_400)) throw new FreezeError(`${name} lasts more than ${maxLength} days`)
  const found: Frozen[] = []
  const iterator = event.iterator()
  for (let start = iterator.next(); start; start = iterator.next()) {
    if (found.length >= left) throw new FreezeError(`the calendar has more than ${maxOccurrences} freezes`)
    const end = start.clone()
    end.addDuration(length)
    const [from, until] = [instantOf(start, tzid, zone), instantOf(end, tzid, zone)]
    if (until > from) found.push({ name, from, until })
  }
  return found
}

/**
 * The events of an iCalendar text (RFC 5545), with their recurrences.
 * @param zone for whole days and for times without a time zone
 * @throws FreezeError that names the event that cannot be used
 */
export function parseCalendar(text: string, zone: string): Frozen[] {
  if (text.length > maxText) throw new FreezeError(`the calendar is longer than ${maxText} characters`)
  let events: ICAL.Component[]
  try {
    const calendar = new ICAL.Component(ICAL.parse(text))
    if (calendar.name !== 'vcalendar') throw new Error('not a VCALENDAR')
    events = calendar.getAllSubcomponents('vevent')
  } catch (error) {
    throw new FreezeError(`this is not an iCalendar file: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (events.length > maxEvents) throw new FreezeError(`the calendar has more than ${maxEvents} events`)
  const found: Frozen[] = []
  for (const event of events) found.push(...occurrencesOf(event, zone, maxOccurrences - found.length))
  return found
}

/** One ordered list without overlaps. Freezes that overlap or touch become one, with the name of the first. */
function merge(frozen: readonly Frozen[]): Frozen[] {
  const merged: Frozen[] = []
  for (const freeze of [...frozen].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last && freeze.from <= last.until) last.until = Math.max(last.until, freeze.until)
    else merged.push({ ...freeze })
  }
  return merged
}

/** Returns the freezes of a calendar file, by its path in the policy. */
export type ReadCalendar = (file: string, zone: string) => readonly Frozen[]

/**
 * A reader that parses each calendar once, however many guardrails name it.
 * @param calendars the text of each file
 */
export function calendarReader(calendars: ReadonlyMap<string, string>): ReadCalendar {
  const read = new Map<string, readonly Frozen[]>()
  return (file, zone) => {
    const text = calendars.get(file)
    if (text === undefined) throw new FreezeError(`can't read ${file}`)
    const key = JSON.stringify([file, zone])
    const frozen = read.get(key) ?? parseCalendar(text, zone)
    read.set(key, frozen)
    return frozen
  }
}

/**
 * All freezes of one guardrail.
 * @throws FreezeError
 */
export function frozenBy(freezes: readonly Freeze[], readCalendar: ReadCalendar): Frozen[] {
  return merge(
    freezes.flatMap((freeze) => {
      if ('calendar' in freeze) return readCalendar(freeze.calendar, freeze.zone)
      const { name, from, to, zone } = freeze
      return [{ name, from: startOfDate(from, zone), until: endOfDate(to, zone) }]
    }),
  )
}
