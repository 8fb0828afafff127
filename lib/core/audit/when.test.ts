import { describe, expect, test } from 'vitest'
import { instantOf } from './when.ts'

// A Thursday, 14:30 in Berlin.
const now = new Date('2026-11-26T13:30:00Z')
const inUtc = (text: string, until = false) => instantOf(text, { now, zone: 'UTC', until })?.toISOString()
const inBerlin = (text: string, until = false) => instantOf(text, { now, zone: 'Europe/Berlin', until })?.toISOString()

describe('a date or time as people write it', () => {
  test.each([
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['2026-11-01 09:00', '2026-11-01T09:00:00.000Z'],
    ['2026-11-01T09:00:00.250Z', '2026-11-01T09:00:00.250Z'],
    ['2026-11-01T09:00:00+01:00', '2026-11-01T08:00:00.000Z'],
    ['1 Nov', '2026-11-01T00:00:00.000Z'],
    ['Nov 1, 2025', '2025-11-01T00:00:00.000Z'],
    ['yesterday', '2026-11-25T00:00:00.000Z'],
    ['yesterday 14:00', '2026-11-25T14:00:00.000Z'],
    ['two hours ago', '2026-11-26T11:30:00.000Z'],
    ['7 days ago', '2026-11-19T00:00:00.000Z'],
    ['last week', '2026-11-19T00:00:00.000Z'],
    ['friday', '2026-11-20T00:00:00.000Z'],
    ['monday', '2026-11-23T00:00:00.000Z'],
    ['now', '2026-11-26T13:30:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(inUtc(text)).toBe(expected)
  })

  test.each(['', 'soon', '2026-13-40', '2026-02-30', '1', '3/4/2026', 'from yesterday', `${'1 '.repeat(30)}Nov`])(
    '%j is neither a date nor a time',
    (text) => {
      expect(inUtc(text)).toBeUndefined()
    },
  )
})

test('a date is a day of the chosen zone, also when its clocks change', () => {
  expect(inBerlin('2026-11-01')).toBe('2026-10-31T23:00:00.000Z')
  expect(inBerlin('2026-07-01')).toBe('2026-06-30T22:00:00.000Z')
  expect(inBerlin('2026-07-01 09:00')).toBe('2026-07-01T07:00:00.000Z')
  expect(inBerlin('today')).toBe('2026-11-25T23:00:00.000Z')
})

test('a date as the end of a range includes that day', () => {
  expect(inUtc('2026-11-01', true)).toBe('2026-11-02T00:00:00.000Z')
  expect(inBerlin('2026-10-25', true)).toBe('2026-10-25T23:00:00.000Z')
  expect(inUtc('2026-11-01 09:00', true)).toBe('2026-11-01T09:00:00.000Z')
})
