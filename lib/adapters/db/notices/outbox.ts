import { db, type Tx } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { ChannelName, NoticeKind } from '#lib/core/notices/kinds'

// The outbox: what happened that someone is notified. The database writes it together with the event; workers turn each entry
// into notices, one for each recipient and channel.

export type OutboxEntry = { eventId: string; kind: NoticeKind; requestId: string | null }
/** `inPlaceOf`: the people who are out of office, and whom this one is notified instead of. */
export type NewNotice = { channel: ChannelName; recipient: string; inPlaceOf: readonly string[] }

/** Entries that are due, oldest first. */
export const dueEntries = (limit: number): Promise<OutboxEntry[]> =>
  db().$queryRaw<OutboxEntry[]>`
    SELECT event_id AS "eventId", kind, request_id AS "requestId" FROM outbox
    WHERE spread_at IS NULL AND due_at <= clock_timestamp() ORDER BY due_at LIMIT ${limit}`

/** Without any channel no one is notified: what is due now is not delivered once there is one. */
export async function discardDueEntries(): Promise<void> {
  await db().$executeRaw`
    UPDATE outbox SET spread_at = clock_timestamp() WHERE spread_at IS NULL AND due_at <= clock_timestamp()`
}

/** Seconds until the next entry is due; undefined without one. */
export async function secondsToNextEntry(): Promise<number | undefined> {
  const [row] = await db().$queryRaw<Array<{ seconds: number | null }>>`
    SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 AS seconds FROM outbox WHERE spread_at IS NULL`
  return row?.seconds ?? undefined
}

/** Locks an entry that is not spread yet. False if another worker has it, or has spread it. */
export async function lockEntry(tx: Tx, { eventId, kind }: OutboxEntry): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM outbox WHERE event_id = ${eventId} AND kind = ${kind} AND spread_at IS NULL
    FOR UPDATE SKIP LOCKED`
  return rows.length > 0
}

/** Adds notices of an entry. Those that exist already stay as they are. */
export async function addNotices(
  tx: Tx,
  { eventId, kind, requestId }: OutboxEntry,
  notices: readonly NewNotice[],
): Promise<void> {
  const rows = JSON.stringify(notices.map((one) => ({ ...one, id: newId('notice') })))
  await tx.$executeRaw`
    INSERT INTO notices (id, event_id, kind, request_id, channel, recipient, in_place_of)
    SELECT id, ${eventId}, ${kind}, ${requestId}, channel, recipient, "inPlaceOf"
    FROM jsonb_to_recordset(${rows}::jsonb) AS n(id text, channel text, recipient text, "inPlaceOf" text[])
    ON CONFLICT DO NOTHING`
}

/** Adds the notices of a locked entry, and marks it as spread. */
export async function spreadEntry(tx: Tx, entry: OutboxEntry, notices: readonly NewNotice[]): Promise<void> {
  await addNotices(tx, entry, notices)
  await tx.$executeRaw`
    UPDATE outbox SET spread_at = clock_timestamp() WHERE event_id = ${entry.eventId} AND kind = ${entry.kind}`
}

/** An entry that could not be spread waits for a minute, so that it does not hold up the others. */
export async function postponeEntry({ eventId, kind }: OutboxEntry): Promise<void> {
  await db().$executeRaw`
    UPDATE outbox SET due_at = clock_timestamp() + interval '1 minute'
    WHERE event_id = ${eventId} AND kind = ${kind} AND spread_at IS NULL`
}

type NotifiedPerson = {
  id: string
  /** See same-person.ts. */
  mailboxes: string[]
  /** Quiet hours hold all of it, so they don't know yet. */
  isHeld: boolean
}

/** The people who were notified that a request waits, or are about to be. One mail may have told several notices. */
export const notifiedThatItWaits = (requestId: string, tx: Tx = db()): Promise<NotifiedPerson[]> =>
  tx.$queryRaw<NotifiedPerson[]>`
    SELECT p.id, p.known_emails AS mailboxes, bool_and(n.outcome IS NULL AND n.next_attempt_at IS NOT DISTINCT FROM n.held_until) AS "isHeld"
    FROM notices n JOIN people p ON p.id = n.recipient LEFT JOIN notices later ON later.id = n.merged_into
    WHERE n.request_id = ${requestId} AND n.kind IN ('request-waits', 'request-reminder', 'request-escalated', 'request-handed-over')
      AND (n.outcome IS NULL OR n.outcome = 'sent' OR later.outcome = 'sent')
    GROUP BY p.id`
