import { describe, expect, test } from 'vitest'
import { calendarReader, frozenBy, parseCalendar } from './freezes.ts'

const calendar = (...events: string[][]) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    ...events.flatMap((lines) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT']),
    'END:VCALENDAR',
    '',
  ].join('\r\n')
const freezesIn = (text: string, zone = 'Europe/Berlin') =>
  parseCalendar(text, zone).map(({ name, from, until }) => [
    name,
    new Date(from).toISOString(),
    new Date(until).toISOString(),
  ])

describe('dates', () => {
  test('a freeze includes its first and its last day in its time zone', () => {
    const [freeze] = frozenBy(
      [{ name: 'Christmas', from: '2026-12-24', to: '2026-12-26', zone: 'Europe/Berlin' }],
      calendarReader(new Map()),
    )
    expect(new Date(freeze?.from ?? 0).toISOString()).toBe('2026-12-23T23:00:00.000Z')
    expect(new Date(freeze?.until ?? 0).toISOString()).toBe('2026-12-26T23:00:00.000Z')
  })

  test('overlapping freezes are merged', () => {
    const one = { name: 'one', from: '2026-12-24', to: '2026-12-26', zone: 'UTC' }
    const two = { name: 'two', from: '2026-12-26', to: '2026-12-31', zone: 'UTC' }
    expect(frozenBy([two, one], calendarReader(new Map()))).toEqual([
      { name: 'one', from: Date.parse('2026-12-24T00:00:00Z'), until: Date.parse('2027-01-01T00:00:00Z') },
    ])
  })
})

describe('an iCalendar file', () => {
  test('an event freezes whole days or times in its own time zone', () => {
    const text = calendar(
      ['SUMMARY:Black Friday', 'DTSTART;VALUE=DATE:20261127', 'DTEND;VALUE=DATE:20261128'],
      ['SUMMARY:Move of the data centre', 'DTSTART;TZID=America/New_York:20261103T200000', 'DURATION:PT6H'],
      ['SUMMARY:In UTC', 'DTSTART:20261201T000000Z', 'DTEND:20261201T010000Z'],
      ['SUMMARY:Called off', 'STATUS:CANCELLED', 'DTSTART:20261202T000000Z', 'DTEND:20261202T010000Z'],
    )
    expect(freezesIn(text)).toEqual([
      ['Black Friday', '2026-11-26T23:00:00.000Z', '2026-11-27T23:00:00.000Z'],
      ['Move of the data centre', '2026-11-04T01:00:00.000Z', '2026-11-04T07:00:00.000Z'],
      ['In UTC', '2026-12-01T00:00:00.000Z', '2026-12-01T01:00:00.000Z'],
    ])
  })

  test('a recurring event keeps its local time when daylight saving changes', () => {
    const text = calendar([
      'SUMMARY:Batch',
      'DTSTART;TZID=Europe/Berlin:20261023T220000',
      'DURATION:PT1H',
      'RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=2',
    ])
    expect(freezesIn(text).map(([, from]) => from)).toEqual(['2026-10-23T20:00:00.000Z', '2026-10-30T21:00:00.000Z'])
  })

  test.each([
    ['FREQ=SECONDLY;COUNT=5', /FREQ=SECONDLY/],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5', /BYMONTH/],
    ['FREQ=DAILY', /UNTIL or COUNT/],
    ['FREQ=DAILY;COUNT=1000000', /more than 5000/],
    ['FREQ=MONTHLY;BYDAY=5MO;COUNT=3', /BYDAY/],
  ])('the recurrence %s, which could repeat without end, is refused', (rule, message) => {
    expect(() =>
      freezesIn(calendar(['SUMMARY:x', 'DTSTART:20261201T000000Z', 'DURATION:PT1H', `RRULE:${rule}`])),
    ).toThrow(message)
  })

  test.each([
    ['plain text', 'hello', /not an iCalendar file/],
    ['a vCard', 'BEGIN:VCARD\r\nEND:VCARD', /not an iCalendar file/],
    [
      'an event with an unknown time zone',
      calendar(['SUMMARY:x', 'DTSTART;TZID=Mars/Olympus:20261201T000000', 'DURATION:PT1H']),
      /not an IANA time zone/,
    ],
    ['an event without a start', calendar(['SUMMARY:x']), /no DTSTART/],
    ['a text of more than a million characters', 'x'.repeat(1_000_001), /longer than/],
  ])('%s is refused as a calendar', (_, text, message) => {
    expect(() => freezesIn(text)).toThrow(message)
  })

  test('a calendar that could not be read is refused', () => {
    expect(() => frozenBy([{ calendar: 'freezes.ics', zone: 'UTC' }], calendarReader(new Map()))).toThrow(
      "can't read freezes.ics",
    )
  })
})
