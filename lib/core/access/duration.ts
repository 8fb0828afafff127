import { Temporal } from 'temporal-polyfill'
import { z } from 'zod'

/**
 * Whole seconds of an ISO 8601 duration such as `PT30M`, or undefined where the text is not one. Weeks, months and
 * years are refused: how long they are depends on the calendar.
 */
export function parseDuration(text: string): number | undefined {
  try {
    const duration = Temporal.Duration.from(text)
    if (duration.years || duration.months || duration.weeks) return undefined
    const seconds = duration.total({ unit: 'seconds', relativeTo: Temporal.PlainDate.from('2000-01-01') })
    return Number.isInteger(seconds) ? seconds : undefined
  } catch {
    return undefined
  }
}

/** Seconds as the ISO 8601 duration the API speaks: 1800 → `PT30M`, 5400 → `PT1H30M`. */
export function formatDuration(seconds: number): string {
  return Temporal.Duration.from({ seconds }).round({ largestUnit: 'hours' }).toString()
}

/** Seconds in words for a sentence: 1800 → `30 minutes`, 5400 → `1 hour 30 minutes`. */
export function durationInWords(seconds: number): string {
  const { hours, minutes, seconds: rest } = Temporal.Duration.from({ seconds }).round({ largestUnit: 'hours' })
  const part = (count: number, unit: string) => (count ? [`${count} ${unit}${count === 1 ? '' : 's'}`] : [])
  return [...part(hours, 'hour'), ...part(minutes, 'minute'), ...part(rest, 'second')].join(' ') || '0 seconds'
}

/** Text in, seconds out; at least one second. */
export const durationSchema = z
  .string()
  .max(40)
  .transform((text, context) => {
    const seconds = parseDuration(text)
    if (seconds === undefined) {
      context.addIssue({ code: 'custom', message: 'must be an ISO 8601 duration such as PT30M or PT1H30M' })
      return z.NEVER
    }
    if (seconds < 1) {
      context.addIssue({ code: 'custom', message: 'must be longer than nothing, such as PT30M' })
      return z.NEVER
    }
    return seconds
  })
