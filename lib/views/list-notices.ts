import { channelStates, deadNotices } from '#lib/adapters/db/notices/channel-states'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { NoticesResource } from '#lib/core/access/notice-resource'

const mostDead = 100

/**
 * The channels with notices that wait or were given up, and the latest of the latter.
 * @throws AppError `not-found` for everyone but auditors and admins
 */
export async function listNotices(actor: PersonActor): Promise<NoticesResource> {
  if (!seesEverything(actor)) throw notFound()
  const [states, dead] = await Promise.all([channelStates(), deadNotices(mostDead)])
  const channels = states.map(({ channel, waiting, waitingSince, dead, lastError }) => {
    return { channel, waiting, waitingSince: waitingSince?.toISOString() ?? null, dead, lastError }
  })
  return { channels, dead }
}
