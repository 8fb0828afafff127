// A length of time, as the API writes it (ISO 8601) and as people read it. No other file parses or formats one. There
// is no library here, because this file also runs in the browser, where every kilobyte counts.

const units: Record<string, number> = { D: 86_400, H: 3600, M: 60, S: 1 }
const count = '[1-9]\\d{0,6}'
const time = `T(?:${count}H(?:${count}M)?(?:${count}S)?|${count}M(?:${count}S)?|${count}S)`

/**
 * An ISO 8601 duration of at least one second, in whole days, hours, minutes and seconds. Years, months and weeks are
 * refused: how long they are depends on the calendar. The API's description publishes this pattern, so it has no
 * lookahead, which programs that make up calls don't know.
 */
export const durationPattern = new RegExp(`^P(?:${count}D(?:${time})?|${time})$`)

/** The seconds of a duration such as `PT30M`, or undefined if the text is not one. */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined
  return [...text.matchAll(/(\d{1,7})([DHMS])/g)].reduce(
    (total, [, n, unit = '']) => total + Number(n) * (units[unit] ?? 0),
    0,
  )
}

/** Seconds of a duration that the API sent; 0 if the text is not a duration. */
export const secondsOf = (duration: string): number => parseDuration(duration) ?? 0

const split = (seconds: number) =>
  [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), Math.floor(seconds % 60)] as const

/** Whole seconds as ISO 8601: 1800 → `PT30M`, 5400 → `PT1H30M`, 93600 → `PT26H`. */
export function formatDuration(seconds: number): string {
  const [hours, minutes, rest] = split(seconds)
  return `PT${hours ? `${hours}H` : ''}${minutes ? `${minutes}M` : ''}${rest || seconds === 0 ? `${rest}S` : ''}`
}

/** For a sentence: 1800 → `30 minutes`, 5400 → `1 hour 30 minutes`. */
export function durationInWords(seconds: number): string {
  const [hours, minutes, rest] = split(seconds)
  const part = (count: number, unit: string) => (count ? [`${count} ${unit}${count === 1 ? '' : 's'}`] : [])
  return [...part(hours, 'hour'), ...part(minutes, 'minute'), ...part(rest, 'second')].join(' ') || '0 seconds'
}

/** For a table row: `30 min`, `1 h 30 min`, `45 s`, `3 d 2 h`. At most two units; smaller ones are cut off. */
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
