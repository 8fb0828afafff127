// An instant as a page shows it. `now` is an argument; duration.ts formats lengths of time.
import { shortDuration } from './duration.ts'

/** `in 24 min`, `5 min ago`, or `just now` within two seconds. */
export function relativeTime(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000)
  if (Math.abs(seconds) < 2) return 'just now'
  return seconds > 0 ? `in ${shortDuration(seconds)}` : `${shortDuration(-seconds)} ago`
}

/** A countdown: `24 min`, below ten minutes `9:59`, and `0:00` once the time is up. */
export function timeLeft(until: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((until - now) / 1000))
  if (seconds >= 600) return shortDuration(seconds)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** The instant to the second, in UTC, as evidence shows it: `2026-11-23 09:14:05`. */
export const exactTime = (instant: string): string => new Date(instant).toISOString().slice(0, 19).replace('T', ' ')
