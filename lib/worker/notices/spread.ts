// From an outbox entry to its notices: who is notified, over which channels.
import { transaction } from '#lib/adapters/db/client'
import { dueEntries, lockEntry, type OutboxEntry, postponeEntry, spreadEntry } from '#lib/adapters/db/notices/outbox'
import { peopleMuting } from '#lib/adapters/db/notices/preferences'
import { currentPolicy } from '#lib/adapters/policy/current'
import { AppError } from '#lib/core/access/errors'
import { namedBy } from '#lib/core/access/named-people'
import { onCallMailboxes } from '#lib/core/access/rota'
import { type ChannelName, everyone } from '#lib/core/notices/kinds'
import { isNotified, type Recipient } from '#lib/core/notices/who-is-notified'
import { log } from '#lib/observability/log'
import { type GatheredNotice, gatherNotice, recipientsNow } from './gather-notice.ts'

/** Entries of one round. Each is its own transaction, so that one that fails holds up no other. */
const perRound = 100

/** The people who may have to be notified; the rule itself is in who-is-notified.ts. */
async function candidatesOf({ kind }: OutboxEntry, { situation }: GatheredNotice): Promise<Recipient[]> {
  const { requester, steps, currentSteps, comment, notifiedThatItWaits, admins, now } = situation
  const groups = [...steps, ...(currentSteps ?? [])].flatMap((step) => step.groups)
  const membersOf = (groups: readonly string[], ids: readonly string[] = []) => {
    const onCall = onCallMailboxes(currentPolicy().configuration.rotas, groups, now)
    const { mailboxes, subjects } = namedBy(groups)
    return recipientsNow({ ids, groups, mailboxes: [...onCall, ...mailboxes], subjects })
  }
  if (kind === 'request-waits' || kind === 'request-reminder' || kind === 'request-escalated') return membersOf(groups)
  if (kind === 'comment-added') {
    const talking = comment?.approverIds ?? []
    return talking.length > 0 ? recipientsNow({ ids: [requester.id, ...talking] }) : membersOf(groups, [requester.id])
  }
  if (kind === 'break-glass-used' || kind === 'review-due') return membersOf(situation.reviewers)
  if (kind === 'request-decided') return recipientsNow({ ids: [requester.id, ...notifiedThatItWaits] })
  if (kind === 'end-failed')
    return recipientsNow({ ids: [requester.id], groups: admins?.groups ?? [], subjects: admins?.people ?? [] })
  return recipientsNow({ ids: [requester.id] })
}

async function recipientsOf(entry: OutboxEntry, channels: ReadonlySet<ChannelName>) {
  const rooms = [...channels].filter((channel) => channel !== 'email')
  const toRooms = rooms.map((channel) => ({ channel, recipient: everyone }))
  if (!channels.has('email')) return toRooms
  const gathered = await gatherNotice(entry)
  if (!gathered) return toRooms
  const candidates = await candidatesOf(entry, gathered)
  const notified = candidates.filter((one) => isNotified(entry.kind, one, gathered.situation))
  const muting = await peopleMuting(
    entry.kind,
    notified.map(({ person }) => person.id),
  )
  const wanting = notified.filter(({ person }) => !muting.has(person.id))
  return [...toRooms, ...wanting.map(({ person }) => ({ channel: 'email' as const, recipient: person.id }))]
}

async function spread(entry: OutboxEntry, channels: ReadonlySet<ChannelName>): Promise<void> {
  const recipients = await recipientsOf(entry, channels)
  await transaction(async (tx) => {
    if (await lockEntry(tx, entry)) await spreadEntry(tx, entry, recipients)
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
