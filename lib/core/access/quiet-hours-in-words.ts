import { capitalized } from './capitalized.ts'
import type { QuietHours } from './quiet-hours.ts'

// NB: apart from the schema, because the form in *Settings* must not load the library that validates it.

/** In the order of ISO 8601. */
export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

/** In one line, such as "22:00 to 07:00 (Europe/Berlin), beginning on Monday, Tuesday". */
export const quietHoursInWords = ({ from, until, days, zone }: QuietHours): string =>
  `${from} to ${until} (${zone}), beginning on ${days.length === 7 ? 'every day' : days.map(capitalized).join(', ')}`
