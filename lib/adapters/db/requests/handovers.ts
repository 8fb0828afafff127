import { db, type Tx } from '#lib/adapters/db/client'
import { notifiedThatItWaits } from '#lib/adapters/db/notices/outbox'

/** Pending requests that one of these groups may approve, oldest first. */
export async function pendingOnCall(groups: readonly string[]): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ id: string }>>`
    SELECT id FROM requests WHERE status = 'pending' AND approver_groups && ${[...groups]}::text[] ORDER BY created_at`
  return rows.map(({ id }) => id)
}

/**
 * The mailboxes (same-person.ts) of those who were notified that a request waits, or because they came on call. A mail that
 * quiet hours hold has notified no one.
 */
export async function announcedTo(tx: Tx, requestId: string): Promise<string[]> {
  const rows = await tx.$queryRaw<Array<{ mailbox: string }>>`
    SELECT jsonb_array_elements_text(data -> 'to') AS mailbox FROM audit_events
    WHERE request_id = ${requestId} AND type = 'request.handed-over'`
  const notified = await notifiedThatItWaits(requestId, tx)
  return [
    ...rows.map(({ mailbox }) => mailbox),
    ...notified.filter(({ isHeld }) => !isHeld).flatMap(({ mailboxes }) => mailboxes),
  ]
}
