import { describe, expect, it } from 'vitest'
import { calendarReader, frozenBy, parseCalendar } from './freezes.ts'

const calendar = (...events: string[][]) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    ...events.flatMap((lines) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT']),
    'END:VCALENDAR',
    '',
  ].join('\r\n')
const said = (text: string, zone = 'Europe/Berlin') =>
  parseCalendar(text, zone).map(({ name, from, until }) => [
    name,
    new Date(from).toISOString(),
    new Date(until).toISOString(),
  ])

describe('dates', () => {
  it('include both days, in their zone', () => {
    const [freeze] = frozenBy(
      [{ name: 'Christmas', from: '2026-12-24', to: '2026-12-26', zone: 'Europe/Berlin' }],
      calendarReader(new Map()),
    )
    expect(new Date(freeze?.from ?? 0).toISOString()).toBe('2026-12-23T23:00:00.000Z')
    expect(new Date(freeze?.until ?? 0).toISOString()).toBe('2026-12-26T23:00:00.000Z')
  })

  it('that overlap become one stretch', () => {
    const one = { name: 'one', from: '2026-12-24', to: '2026-12-26', zone: 'UTC' }
    const two = { name: 'two', from: '2026-12-26', to: '2026-12-31', zone: 'UTC' }
    expect(frozenBy([two, one], calendarReader(new Map()))).toEqual([
      { name: 'one', from: Date.parse('2026-12-24T00:00:00Z'), until: Date.parse('2027-01-01T00:00:00Z') },
    ])
  })
})

describe('an iCalendar file', () => {
  it('freezes whole days and times, each in its zone', () => {
    const text = calendar(
      ['SUMMARY:Black Friday', 'DTSTART;VALUE=DATE:20261127', 'DTEND;VALUE=DATE:20261128'],
      ['SUMMARY:Move of the data centre', 'DTSTART;TZID=America/New_York:20261103T200000', 'DURATION:PT6H'],
      ['SUMMARY:In UTC', 'DTSTART:20261201T000000Z', 'DTEND:20261201T010000Z'],
      ['SUMMARY:Called off', 'STATUS:CANCELLED', 'DTSTART:20261202T000000Z', 'DTEND:20261202T010000Z'],
    )
    expect(said(text)).toEqual([
      ['Black Friday', '2026-11-26T23:00:00.000Z', '2026-11-27T23:00:00.000Z'],
      ['Move of the data centre', '2026-11-04T01:00:00.000Z', '2026-11-04T07:00:00.000Z'],
      ['In UTC', '2026-12-01T00:00:00.000Z', '2026-12-01T01:00:00.000Z'],
    ])
  })

  it('repeats on the wall clock, over daylight saving', () => {
    const text = calendar([
      'SUMMARY:Batch',
      'DTSTART;TZID=Europe/Berlin:20261023T220000',
      'DURATION:PT1H',
      'RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=2',
    ])
    expect(said(text).map(([, from]) => from)).toEqual(['2026-10-23T20:00:00.000Z', '2026-10-30T21:00:00.000Z'])
  })

  it.each([
    ['FREQ=SECONDLY;COUNT=5', /FREQ=SECONDLY/],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5', /BYMONTH/],
    ['FREQ=DAILY', /UNTIL or a COUNT/],
    ['FREQ=DAILY;COUNT=1000000', /more than 5000/],
    ['FREQ=MONTHLY;BYDAY=5MO;COUNT=3', /BYDAY/],
  ])('refuses %s, which could repeat without end', (rule, message) => {
    expect(() => said(calendar(['SUMMARY:x', 'DTSTART:20261201T000000Z', 'DURATION:PT1H', `RRULE:${rule}`]))).toThrow(
      message,
    )
  })

  it.each([
    ['no calendar', 'hello', /no iCalendar file/],
    ['something else', 'BEGIN:VCARD\r\nEND:VCARD', /no iCalendar file/],
    [
      'an unknown zone',
      calendar(['SUMMARY:x', 'DTSTART;TZID=Mars/Olympus:20261201T000000', 'DURATION:PT1H']),
      /no time zone/,
    ],
    ['an event without a start', calendar(['SUMMARY:x']), /no DTSTART/],
    ['a text without end', 'x'.repeat(1_000_001), /longer than/],
  ])('refuses %s', (_, text, message) => {
    expect(() => said(text)).toThrow(message)
  })

  it('is refused where nobody could read it', () => {
    expect(() => frozenBy([{ calendar: 'freezes.ics', zone: 'UTC' }], calendarReader(new Map()))).toThrow(
      'freezes.ics could not be read',
    )
  })
})
