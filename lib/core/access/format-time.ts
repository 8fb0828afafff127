// How a time or a length of time reads on a page. No library and no clock: the same file runs in the browser, where
// every kilobyte counts, and `now` is an argument.

const pattern = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

/** Seconds of an ISO 8601 duration of whole days, hours, minutes and seconds, which is all that the API answers; else 0. */
export function secondsOf(duration: string): number {
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = pattern.exec(duration) ?? []
  return Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

/** The ISO 8601 duration of whole seconds: 5400 → `PT1H30M`. */
export function durationOf(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  return `PT${hours ? `${hours}H` : ''}${minutes ? `${minutes}M` : ''}${rest || seconds === 0 ? `${rest}S` : ''}`
}

const plural = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`

/** For a sentence: `30 minutes`, `1 hour 30 minutes`. */
export function longDuration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), 'hour'],
    [Math.floor((seconds % 3600) / 60), 'minute'],
    [Math.floor(seconds % 60), 'second'],
  ] as const
  return parts.flatMap(([count, unit]) => (count ? [plural(count, unit)] : [])).join(' ') || '0 seconds'
}

/** For a row: `30 min`, `1 h 30 min`, `45 s`, `3 d 2 h`. At most two units; what is smaller is cut off. */
export function shortDuration(seconds: number): string {
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [Math.floor(seconds % 60), 's'],
  ] as const
  const first = units.findIndex(([count]) => count > 0)
  if (first < 0) return '0 s'
  return units
    .slice(first, first + (first < 2 ? 2 : 1))
    .flatMap(([count, unit]) => (count ? [`${count} ${unit}`] : []))
    .join(' ')
}

/** `in 24 min`, `5 min ago`, `just now` (within two seconds). */
export function relativeTime(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000)
  if (Math.abs(seconds) < 2) return 'just now'
  return seconds > 0 ? `in ${shortDuration(seconds)}` : `${shortDuration(-seconds)} ago`
}

/** What is left: `24 min`, below ten minutes `9:59`, `0:00` when it is over. */
export function timeLeft(until: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((until - now) / 1000))
  if (seconds >= 600) return shortDuration(seconds)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** The exact instant to the second, in UTC, as evidence shows it: `2026-11-23 09:14:05`. */
export const exactTime = (instant: string): string => new Date(instant).toISOString().slice(0, 19).replace('T', ' ')
