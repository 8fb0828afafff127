import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { expect, test } from 'vitest'
import { durationInWords, formatDuration, parseDuration, secondsOf, shortDuration } from './duration.ts'

test('a formatted duration is parsed as the same number of seconds', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), (seconds) => {
      expect(parseDuration(formatDuration(seconds))).toBe(seconds)
    }),
  )
  expect(formatDuration(5400)).toBe('PT1H30M')
  expect(formatDuration(93_600)).toBe('PT26H')
  expect(formatDuration(0)).toBe('PT0S')
})

test('whole days, hours, minutes and seconds are parsed, in either case and with a fraction of the smallest unit', () => {
  for (const [text, seconds] of [
    ['PT45S', 45],
    ['PT1H30M', 5400],
    ['P1DT1S', 86_401],
    ['P7D', 604_800],
    ['pt30m', 1800],
    ['PT0.5H', 1800],
    ['PT1,5M', 90],
    ['-PT5M', -300],
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
  'PT0.5H30M',
  'P1.5D',
  ' PT5M',
  'PT1M1H',
  'P999999999999D',
])('"%s" is not accepted as a duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
  expect(secondsOf(text)).toBe(0)
})

/** What the Temporal standard makes of the same text, without units that depend on the calendar. */
function temporalSeconds(text: string): number | undefined {
  try {
    const total = Temporal.Duration.from(text).total({
      unit: 'seconds',
      relativeTo: Temporal.PlainDate.from('2000-01-01'),
    })
    return Number.isInteger(total) ? total + 0 : undefined
  } catch {
    return undefined
  }
}

test('any text is parsed as the Temporal standard parses it', () => {
  const number = fc.oneof(fc.nat(99_999).map(String), fc.constantFrom('0.5', '1.25', '0,1', '.5', '1.'))
  const part = (unit: string) =>
    fc.option(
      number.map((value) => `${value}${unit}`),
      { nil: '' },
    )
  const text = fc
    .tuple(fc.constantFrom('', '-', '+'), part('D'), fc.constantFrom('T', ''), part('H'), part('M'), part('S'))
    .filter(([, , t, , minutes]) => t !== '' || minutes === '')
    .map(([sign, days, t, hours, minutes, seconds]) => `${sign}P${days}${t}${hours}${minutes}${seconds}`)
  fc.assert(
    fc.property(text, (text) => {
      expect((parseDuration(text) ?? Number.NaN) + 0).toBe(temporalSeconds(text) ?? Number.NaN)
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
