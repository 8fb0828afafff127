import { expect, test } from 'vitest'
import { exactTime, relativeTime, timeLeft } from './format-time.ts'

test('a relative time says whether the instant is in the future or in the past', () => {
  expect(relativeTime(60_000, 0)).toBe('in 1 min')
  expect(relativeTime(0, 3_600_000)).toBe('1 h ago')
  expect(relativeTime(1000, 0)).toBe('just now')
})

test('a countdown shows seconds only during its last ten minutes and stops at zero', () => {
  expect(timeLeft(1_440_000, 0)).toBe('24 min')
  expect(timeLeft(599_000, 0)).toBe('9:59')
  expect(timeLeft(0, 5000)).toBe('0:00')
})

test('an exact time is in UTC whatever zone it was written in', () => {
  expect(exactTime('2026-11-23T10:14:05+01:00')).toBe('2026-11-23 09:14:05')
})
