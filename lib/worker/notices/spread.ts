// From an outbox entry to its notices: who is notified, over which channels.
import { transaction } from '#lib/adapters/db/client'
import { peopleWithBrowsers } from '#lib/adapters/db/notices/browsers'
import {
  dueEntries,
  lockEntry,
  type NewNotice,
  type OutboxEntry,
  postponeEntry,
  spreadEntry,
} from '#lib/adapters/db/notices/outbox'
import { peopleMuting } from '#lib/adapters/db/notices/preferences'
import { AppError } from '#lib/core/access/errors'
import { type ChannelName, everyone, personalChannels } from '#lib/core/notices/kinds'
import { log } from '#lib/observability/log'
import { withDelegates } from './delegates.ts'
import { gatherNotice } from './gather-notice.ts'

/** Entries of one round. Each is its own transaction, so that one that fails holds up no other. */
const perRound = 100

async function noticesOf(entry: OutboxEntry, channels: ReadonlySet<ChannelName>): Promise<NewNotice[]> {
  const rooms = [...channels].filter((channel) => !personalChannels.includes(channel))
  const toRooms = rooms.map((channel) => ({ channel, recipient: everyone, inPlaceOf: [] }))
  if (rooms.length === channels.size) return toRooms
  const gathered = await gatherNotice(entry)
  if (!gathered) return toRooms
  const notified = (await gathered.candidates()).filter((one) => gathered.isNotified(one))
  const muting = await peopleMuting(
    entry.kind,
    notified.map(({ person }) => person.id),
  )
  const wanting = notified.filter(({ person }) => !muting.has(person.id))
  const recipients = await withDelegates(entry.kind, gathered, wanting)
  const inBrowsers = channels.has('browser') ? await peopleWithBrowsers([...recipients.keys()]) : new Set()
  const toPeople = [...recipients].flatMap(([recipient, inPlaceOf]) =>
    personalChannels
      .filter((channel) => channels.has(channel) && (channel !== 'browser' || inBrowsers.has(recipient)))
      .map((channel) => ({ channel, recipient, inPlaceOf })),
  )
  return [...toRooms, ...toPeople]
}

async function spread(entry: OutboxEntry, channels: ReadonlySet<ChannelName>): Promise<void> {
  const notices = await noticesOf(entry, channels)
  await transaction(async (tx) => {
    if (await lockEntry(tx, entry)) await spreadEntry(tx, entry, notices)
  })
}

/** Writes the notices of all entries that are due. Returns how many entries it read. */
export async function spreadOutbox(channels: ReadonlySet<ChannelName>): Promise<number> {
  const entries = await dueEntries(perRound)
  for (const entry of entries) {
    try {
      await spread(entry, channels)
    } catch (error) {
      if (error instanceof AppError && error.code === 'unavailable') throw error
      log.warn({ entry, err: error }, 'an outbox entry cannot be spread')
      await postponeEntry(entry)
    }
  }
  return entries.length
}
