import { expect, test } from 'vitest'
import {
  durationOf,
  exactTime,
  longDuration,
  relativeTime,
  secondsOf,
  shortDuration,
  timeLeft,
} from './format-time.ts'

test('a duration of the API becomes seconds and comes back the same', () => {
  for (const text of ['PT45S', 'PT30M', 'PT2H', 'PT1H30M', 'PT26H0M5S'])
    expect(secondsOf(durationOf(secondsOf(text)))).toBe(secondsOf(text))
  expect(secondsOf('PT1H30M')).toBe(5400)
  expect(secondsOf('P1DT1S')).toBe(86_401)
  expect(durationOf(5400)).toBe('PT1H30M')
  expect(durationOf(0)).toBe('PT0S')
})

test('text that is no duration counts as nothing', () => {
  expect(secondsOf('half an hour')).toBe(0)
})

test('durations read as people say them', () => {
  expect(longDuration(1800)).toBe('30 minutes')
  expect(longDuration(3660)).toBe('1 hour 1 minute')
  expect(shortDuration(5400)).toBe('1 h 30 min')
  expect(shortDuration(59)).toBe('59 s')
  expect(shortDuration(125)).toBe('2 min')
  expect(shortDuration(90_000)).toBe('1 d 1 h')
})

test('relative times look both ways', () => {
  expect(relativeTime(60_000, 0)).toBe('in 1 min')
  expect(relativeTime(0, 3_600_000)).toBe('1 h ago')
  expect(relativeTime(1000, 0)).toBe('just now')
})

test('a countdown counts seconds only near its end and stops at nothing', () => {
  expect(timeLeft(1_440_000, 0)).toBe('24 min')
  expect(timeLeft(599_000, 0)).toBe('9:59')
  expect(timeLeft(0, 5000)).toBe('0:00')
})

test('the exact instant is in UTC whatever zone it was written in', () => {
  expect(exactTime('2026-11-23T10:14:05+01:00')).toBe('2026-11-23 09:14:05')
})
