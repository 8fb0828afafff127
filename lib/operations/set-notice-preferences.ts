import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { sqlStateOf } from '#lib/adapters/db/errors'
import { wakeNotifiers } from '#lib/adapters/db/notices/channel-states'
import { findQuietHours, mutedKinds, savePreferences, saveQuietHours } from '#lib/adapters/db/notices/preferences'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import type { NoticePreferences, NoticePreferencesInput } from '#lib/core/access/notice-resource'
import { quietHoursProblem } from '#lib/core/access/quiet-hours'
import { weekdays } from '#lib/core/access/quiet-hours-in-words'

/** PostgreSQL's invalid_parameter_value. It may know other time zones than this process. */
const unknownZone = '22023'

const invalid = (problem: { pointer: string; message: string }) =>
  new AppError('invalid', 'The quiet hours were not saved.', { errors: [problem] })

/**
 * Chooses which kinds of notices the caller receives by e-mail, and the hours in which those wait that can. It is about no one
 * else, so everyone may. What earlier quiet hours held is judged again at once.
 * @throws AppError `invalid` for quiet hours without an end, or in a time zone that is unknown here or to the database
 */
export async function setNoticePreferences(
  actor: PersonActor,
  { muted, quietHours: chosen }: NoticePreferencesInput,
): Promise<NoticePreferences> {
  const { id } = actor.person
  const problem = chosen && quietHoursProblem(chosen)
  if (problem) throw invalid(problem)
  const quietHours = chosen && { ...chosen, days: weekdays.filter((day) => chosen.days.includes(day)) }
  const kinds = muted && [...new Set(muted)].sort()
  try {
    await transaction(async (tx) => {
      if (kinds) {
        await savePreferences(tx, id, kinds)
        await recordEvent(tx, { type: 'notices.preferences-changed', actor, data: { muted: kinds } })
      }
      if (quietHours === undefined) return
      await saveQuietHours(tx, id, quietHours)
      if (quietHours) await recordEvent(tx, { type: 'notices.quiet-hours-set', actor, data: quietHours })
      else await recordEvent(tx, { type: 'notices.quiet-hours-ended', actor, data: {} })
      await wakeNotifiers(tx)
    })
  } catch (error) {
    if (sqlStateOf(error) !== unknownZone) throw error
    throw invalid({ pointer: '/quietHours/zone', message: 'is not a time zone that the database knows' })
  }
  return {
    muted: kinds ?? (await mutedKinds(id)),
    quietHours: quietHours === undefined ? await findQuietHours(id) : quietHours,
  }
}
