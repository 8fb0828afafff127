// Quiet hours of a person: mails that can wait arrive once they are over. The database computes when they end (`quiet_hours_end`).
import { z } from 'zod'
import { weekdays } from './quiet-hours-in-words.ts'
import { isTimeZone } from './time-zone.ts'

const timeOfDay = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'must be a time of day such as 22:00')

export const quietHoursSchema = z
  .strictObject({
    from: timeOfDay,
    until: timeOfDay.meta({ description: 'A time of the next day if it is before `from`.' }),
    days: z
      .array(z.enum(weekdays, { error: `must be one of ${weekdays.join(', ')}` }))
      .min(1, 'must have at least one day')
      .max(7, 'must have at most seven days')
      .meta({ description: 'The days on which they begin.' }),
    zone: z
      .string()
      .max(64, 'must be at most 64 characters')
      .meta({ description: 'The time zone of the times, such as Europe/Berlin.' }),
  })
  .meta({ id: 'QuietHours' })
export type QuietHours = z.infer<typeof quietHoursSchema>

/** What is wrong with quiet hours that have the right shape, as the pointer of the field and a message; null if nothing is. */
export function quietHoursProblem({ from, until, zone }: QuietHours): { pointer: string; message: string } | null {
  if (from === until) return { pointer: '/quietHours/until', message: 'must differ from the beginning' }
  // PostgreSQL reads `CET` and other abbreviations as zones without daylight saving time.
  if (!isTimeZone(zone) || !(zone === 'UTC' || zone.includes('/')))
    return { pointer: '/quietHours/zone', message: 'must be an IANA time zone such as Europe/Berlin' }
  return null
}
