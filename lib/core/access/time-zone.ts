// Instants as a clock on the wall of a time zone shows them. `UTC` is a zone like any other.

/** Is this an IANA time zone? A bare offset such as `+02:00` is not, because it has no daylight saving time. */
export function isTimeZone(zone: string): boolean {
  try {
    return /^[A-Za-z]/.test(zone) && new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined
  } catch {
    return false
  }
}

const parts = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
const formats = new Map<string, Intl.DateTimeFormat>()

/** One format for each zone, because creating one takes longer than all of its uses on a page. */
function formatFor(zone: string): Intl.DateTimeFormat {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      ...{
        timeZone: zone,
        calendar: 'gregory',
        numberingSystem: 'latn',
        hourCycle: 'h23',
        timeZoneName: 'shortOffset',
      },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
    })
  // A zone may be written in any letter case, so there are more spellings than zones.
  if (formats.size > 500) formats.clear()
  formats.set(zone, format)
  return format
}

/** The date and time of an instant in a zone: `2026-11-23`, `10:14:05`, and the zone's distance from UTC: `UTC+1`. */
export function wallTime(instant: string, zone: string): { date: string; time: string; offset: string } {
  const found = new Map(
    formatFor(zone)
      .formatToParts(new Date(instant))
      .map(({ type, value }) => [type, value]),
  )
  const [year, month, day, hour, minute, second] = parts.map((part) => found.get(part) ?? '')
  return {
    date: `${year?.padStart(4, '0')}-${month}-${day}`,
    time: `${hour}:${minute}:${second}`,
    // Some versions write `GMT` and others `GMT+0`.
    offset: (found.get('timeZoneName') ?? '').replace('GMT', 'UTC').replace(/\+0$/, ''),
  }
}
