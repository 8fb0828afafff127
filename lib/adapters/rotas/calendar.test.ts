import { expect, test } from 'vitest'
import { isTooOld, shiftsAt, usableShifts } from '#lib/core/access/rota-source'
import { calendarShifts } from './calendar.ts'

const [from, until] = [new Date('2026-11-25T00:00:00Z'), new Date('2026-11-28T00:00:00Z')]
const calendar = (...events: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events.map((event) => `BEGIN:VEVENT\n${event}\nEND:VEVENT`), 'END:VCALENDAR']
    .join('\n')
    .replace(/\n/g, '\r\n')
const shifts = (...events: string[]) => calendarShifts(calendar(...events), 'Europe/Berlin', from, until)
const ada = 'ATTENDEE;CN=Ada:mailto:ada@example.com'

test('an event puts its attendees on call, in its own time zone or that of the rota', () => {
  expect(
    shifts(
      `UID:1\nDTSTART:20261126T080000Z\nDTEND:20261126T200000Z\n${ada}\nATTENDEE:mailto:bo@example.com`,
      `UID:2\nDTSTART:20261127T080000\nDTEND:20261127T090000\n${ada}`,
    ),
  ).toEqual([
    { email: 'ada@example.com', from: '2026-11-26T08:00:00.000Z', until: '2026-11-26T20:00:00.000Z' },
    { email: 'bo@example.com', from: '2026-11-26T08:00:00.000Z', until: '2026-11-26T20:00:00.000Z' },
    { email: 'ada@example.com', from: '2026-11-27T07:00:00.000Z', until: '2026-11-27T08:00:00.000Z' },
  ])
})

test('without attendees the summary names the person, and one without an address names no one', () => {
  const at = 'DTSTART:20261126T080000Z\nDTEND:20261126T200000Z'
  expect(shifts(`UID:1\n${at}\nSUMMARY:On call: Ada <ada@example.com>`)).toMatchObject([{ email: 'ada@example.com' }])
  expect(shifts(`UID:1\n${at}\nSUMMARY:On call: Ada`)).toEqual([])
})

test('a weekly rotation without an end is read only for the period, and an exception replaces its occurrence', () => {
  const series = `UID:1\nDTSTART:20260101T080000Z\nDTEND:20260101T200000Z\nRRULE:FREQ=DAILY\n${ada}`
  const exception = 'UID:1\nRECURRENCE-ID:20261126T080000Z\nDTSTART:20261126T080000Z\nDTEND:20261126T200000Z'
  expect(
    shifts(series, `${exception}\nATTENDEE:mailto:bo@example.com`).map(({ email, from: at }) => [email, at]),
  ).toEqual(
    expect.arrayContaining([
      ['ada@example.com', '2026-11-25T08:00:00.000Z'],
      ['bo@example.com', '2026-11-26T08:00:00.000Z'],
      ['ada@example.com', '2026-11-27T08:00:00.000Z'],
    ]),
  )
  expect(shifts(series, `${exception}\nATTENDEE:mailto:bo@example.com`)).toHaveLength(3)
})

test('a calendar that can’t be used is refused, and no recurrence keeps the process busy', () => {
  const bad = (text: string) => () => calendarShifts(text, 'UTC', from, until)
  expect(bad('<html>')).toThrow('it is not an iCalendar')
  const at = 'UID:1\nDTSTART:19000101T080000Z\nDTEND:19000101T200000Z'
  expect(bad(calendar(`${at}\nRRULE:FREQ=SECONDLY\n${ada}`))).toThrow('not supported')
  expect(bad(calendar(`${at}\nRRULE:FREQ=DAILY;BYMONTHDAY=31\n${ada}`))).toThrow('not supported')
  expect(bad(calendar(...Array.from({ length: 3 }, () => `${at}\nRRULE:FREQ=DAILY\n${ada}`)))).toThrow('too often')
  expect(bad(calendar(`UID:1\nDTSTART;TZID=Mars/Base:20261126T080000\n${ada}`))).toThrow('time zone')
})

test('only shifts with a usable address and a length count, and each person once', () => {
  const claimed = [
    { email: 'Ada+x@Example.com', from: '2026-11-26T08:00:00Z', until: '2026-11-26T10:00:00Z' },
    { email: 'ada@example.com', from: '2026-11-26T09:00:00Z', until: '2026-11-26T12:00:00Z' },
    { email: '"a b"@example.com', from: '2026-11-26T08:00:00Z', until: '2026-11-26T10:00:00Z' },
    { email: { toString: () => 'x@example.com' }, from: 1, until: 2 },
    { email: 'bo@example.com', from: '2026-11-26T10:00:00Z', until: '2026-11-26T08:00:00Z' },
    { email: 'bo@example.com', from: 'soon', until: null },
  ]
  const usable = usableShifts(claimed)
  expect(usable).toHaveLength(2)
  const nine = new Date('2026-11-26T09:30:00Z')
  expect(shiftsAt(usable, nine)).toEqual([
    { person: 'ada@example.com', from: Date.parse('2026-11-26T09:00:00Z'), until: Date.parse('2026-11-26T12:00:00Z') },
  ])
  expect(shiftsAt(usable, new Date('2026-11-26T12:00:00Z'))).toEqual([])
})

test('what was read more than a day ago is too old', () => {
  expect(isTooOld({ readAt: from }, new Date(from.getTime() + 24 * 3_600_000))).toBe(false)
  expect(isTooOld({ readAt: from }, new Date(from.getTime() + 24 * 3_600_000 + 1))).toBe(true)
})
