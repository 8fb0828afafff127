import { type NewAuditEvent, recordEvent, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { requeueDead, wakeNotifiers } from '#lib/adapters/db/notices/channel-states'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { SendAgain } from '#lib/core/access/notice-resource'

/**
 * Sends the notices of a channel again that were given up, as an admin. Each is checked once more before it is sent: what is
 * no longer true, or no longer concerns its recipient, is dropped.
 * @throws AppError `not-found` for people who may not see them, `forbidden` for auditors; each attempt is recorded
 */
export async function sendNoticesAgain(actor: PersonActor, { channel }: SendAgain): Promise<{ count: number }> {
  return transaction(async (tx) => {
    if (!hasRole(actor, 'admin')) {
      const error = seesEverything(actor)
        ? new AppError('forbidden', 'Only an admin can send notices again.')
        : notFound()
      const data = { code: error.code, sentence: error.message, channel }
      return refuse(error, { type: 'notices.send-again-refused', actor, data })
    }
    const count = await requeueDead(tx, channel)
    const event: NewAuditEvent = { type: 'notices.sent-again', actor, data: { channel, count } }
    await recordEvent(tx, event)
    await wakeNotifiers(tx, channel)
    return { count }
  })
}
