import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { expect, test } from 'vitest'
import {
  durationInWords,
  durationPattern,
  formatDuration,
  parseDuration,
  secondsOf,
  shortDuration,
} from './duration.ts'

test('a formatted duration is parsed as the same number of seconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds))).toBe(seconds)
    }),
  )
  expect(formatDuration(5400)).toBe('PT1H30M')
  expect(formatDuration(93_600)).toBe('PT26H')
  expect(formatDuration(0)).toBe('PT0S')
})

test('whole days, hours, minutes and seconds are parsed', () => {
  for (const [text, seconds] of [
    ['PT45S', 45],
    ['PT1H30M', 5400],
    ['P1DT1S', 86_401],
    ['P7D', 604_800],
  ] as const)
    expect(parseDuration(text), text).toBe(seconds)
})

test.each([
  'half an hour',
  '',
  'P',
  'PT',
  'P1DT',
  '30M',
  'P1W',
  'P1M',
  'P1Y',
  'PT1.5S',
  'PT0.5H',
  'P1.5D',
  'PT1,5M',
  '-PT5M',
  'pt30m',
  'PT0S',
  'PT0H30M',
  'PT05M',
  ' PT5M',
  'PT1M1H',
  'P999999999999D',
])('"%s" is not accepted as a duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
  expect(secondsOf(text)).toBe(0)
})

/** What the Temporal standard makes of the same text. */
const temporalSeconds = (text: string) =>
  Temporal.Duration.from(text).total({ unit: 'seconds', relativeTo: Temporal.PlainDate.from('2000-01-01') })

test('every text that the pattern accepts is at least a second, as long as the Temporal standard says', () => {
  fc.assert(
    fc.property(fc.stringMatching(durationPattern), (text) => {
      const seconds = parseDuration(text)
      expect(seconds).toBeGreaterThanOrEqual(1)
      expect(seconds).toBe(temporalSeconds(text))
    }),
    { numRuns: 2000 },
  )
})

test('durations read as people say them', () => {
  expect(durationInWords(1800)).toBe('30 minutes')
  expect(durationInWords(3660)).toBe('1 hour 1 minute')
  expect(durationInWords(0)).toBe('0 seconds')
  expect(shortDuration(5400)).toBe('1 h 30 min')
  expect(shortDuration(59)).toBe('59 s')
  expect(shortDuration(125)).toBe('2 min')
  expect(shortDuration(90_000)).toBe('1 d 1 h')
})
