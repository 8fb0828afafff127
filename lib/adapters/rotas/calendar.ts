// Who is on call, by the events of an iCalendar (RFC 5545).
import ICAL from 'ical.js'
import { Temporal } from 'temporal-polyfill'
import type { ClaimedShift } from '#lib/core/access/rota-source'
import { mailboxOf } from '#lib/core/access/same-person'
import { isTimeZone } from '#lib/core/access/time-zone'

export type CalendarTask = { text: string; zone: string; from: Date; until: Date }
/** `problem`: why it can't be used, without anything of its text. */
export type ReadCalendar = { shifts: ClaimedShift[] } | { problem: string }

/** Thrown for a calendar that can't be used. */
export class CalendarError extends Error {}

const maxEvents = 5_000
/** Occurrences that are looked at in all events together, so that no recurrence can keep the process busy. */
const maxSteps = 50_000
/** People of all occurrences in the period together. */
const maxShifts = 10_000

const instantOf = (time: ICAL.Time, tzid: string | undefined, zone: string): number => {
  const { year, month, day, hour, minute, second } = time
  const timeZone = time.zone === ICAL.Timezone.utcTimezone ? 'UTC' : (tzid ?? zone)
  return Temporal.PlainDateTime.from({ year, month, day, hour, minute, second }).toZonedDateTime(timeZone)
    .epochMilliseconds
}

/** Milliseconds by which the local times of two zones may differ, and a little more. */
const mostApart = 30 * 3_600_000

/** Surely before or after an instant, whatever its zone? Most events are, and looking up a zone takes long. */
const surely = ({ year, month, day, hour, minute, second }: ICAL.Time, instant: number): -1 | 0 | 1 => {
  const difference = Date.UTC(year, month - 1, day, hour, minute, second) - instant
  return difference < -mostApart ? -1 : difference > mostApart ? 1 : 0
}

const isAddress = (text: string) => mailboxOf(text) !== null

/** The addresses of the attendees; without any, that of the summary, which is how PagerDuty and Opsgenie name people. */
function addressesOf(component: ICAL.Component): string[] {
  const attendees = component
    .getAllProperties('attendee')
    .map((property) => String(property.getFirstValue() ?? '').replace(/^mailto:/i, ''))
    .filter(isAddress)
  if (attendees.length > 0) return attendees
  const summary = String(component.getFirstPropertyValue('summary') ?? '').slice(0, 1000)
  return summary
    .split(/[\s<>()[\],;:"']/)
    .filter(isAddress)
    .slice(0, 1)
}

/** Recurrences whose next date would have to be searched for. */
function assertFindable(component: ICAL.Component) {
  for (const property of component.getAllProperties('rrule')) {
    const rule = property.getFirstValue() as ICAL.Recur
    const parts = rule
      .toString()
      .split(';')
      .map((part) => part.split('=')[0] ?? '')
    const unknown = parts.find((part) => !['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYDAY'].includes(part))
    if (unknown || !['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'].includes(rule.freq))
      throw new CalendarError(`an event repeats by ${unknown ?? rule.freq}, which is not supported`)
  }
}

/**
 * The shifts of a calendar that touch this period.
 * @param zone for times without a time zone
 * @throws CalendarError
 */
export function calendarShifts(text: string, zone: string, from: Date, until: Date): ClaimedShift[] {
  let components: ICAL.Component[]
  try {
    const calendar = new ICAL.Component(ICAL.parse(text))
    if (calendar.name !== 'vcalendar') throw new Error('not a VCALENDAR')
    components = calendar.getAllSubcomponents('vevent')
  } catch {
    throw new CalendarError('it is not an iCalendar')
  }
  if (components.length > maxEvents) throw new CalendarError(`it has more than ${maxEvents} events`)
  // An override of one occurrence has the UID of the series, which then must not name the person of the series.
  const exceptions = new Map<string, ICAL.Component[]>()
  for (const one of components) {
    const uid = String(one.getFirstPropertyValue('uid') ?? '')
    if (one.hasProperty('recurrence-id')) exceptions.set(uid, [...(exceptions.get(uid) ?? []), one])
  }
  let steps = 0
  const found: ClaimedShift[] = []
  const add = (component: ICAL.Component, start: number, end: number) => {
    if (end <= from.getTime() || start >= until.getTime() || end <= start) return
    for (const email of addressesOf(component))
      found.push({ email, from: new Date(start).toISOString(), until: new Date(end).toISOString() })
    if (found.length > maxShifts) throw new CalendarError('it names too many people')
  }
  for (const component of components) {
    if (component.getFirstPropertyValue('status') === 'CANCELLED') continue
    const event = new ICAL.Event(component)
    const tzid = component.getFirstProperty('dtstart')?.getFirstParameter('tzid') || undefined
    if (!event.startDate) throw new CalendarError('an event has no DTSTART')
    if (tzid !== undefined && !isTimeZone(tzid))
      throw new CalendarError('an event is in a time zone that is not of the IANA database')
    const length = event.duration
    const addOne = (start: ICAL.Time) => {
      const end = start.clone()
      end.addDuration(length)
      if (surely(end, from.getTime()) < 0 || surely(start, until.getTime()) > 0) return
      add(component, instantOf(start, tzid, zone), instantOf(end, tzid, zone))
    }
    if (component.hasProperty('recurrence-id') || !component.hasProperty('rrule')) {
      addOne(event.startDate)
      continue
    }
    assertFindable(component)
    const replaced = new Set(
      (exceptions.get(event.uid) ?? []).map((one) => {
        const at = one.getFirstPropertyValue('recurrence-id') as ICAL.Time
        return instantOf(at, one.getFirstProperty('recurrence-id')?.getFirstParameter('tzid') || tzid, zone)
      }),
    )
    const iterator = event.iterator()
    for (let start = iterator.next(); start; start = iterator.next()) {
      steps += 1
      if (steps > maxSteps) throw new CalendarError('its events repeat too often')
      if (surely(start, until.getTime()) > 0) break
      const isReplaced = replaced.size > 0 && replaced.has(instantOf(start, tzid, zone))
      if (!isReplaced) addOne(start)
    }
  }
  return found
}
