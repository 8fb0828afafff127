import { db, type Tx, transaction } from '#lib/adapters/db/client'
import type { ChannelName, NoticeKind } from '#lib/core/notices/kinds'
import { Prisma } from '../generated/client.ts'

// The queue of each channel. A notice is claimed with a lease, sent, and then recorded as sent: a worker that stops between
// the two leaves it to its lease, and it is sent again with the same id.

export type QueuedNotice = {
  id: string
  eventId: string
  kind: NoticeKind
  requestId: string | null
  channel: ChannelName
  recipient: string
  /** The people who were out of office when it was written, and had named this recipient. */
  inPlaceOf: string[]
  /** Including the one that begins now. */
  attempts: number
}

export type ClaimedNotice = QueuedNotice & {
  /** Do quiet hours of the recipient hold it? */
  isQuiet: boolean
  /** Does it tell other notices as well? */
  hasMerged: boolean
  /** Do quiet hours hold other notices about the same request for the same recipient? */
  hasHeld: boolean
}

/** Seconds. Longer than any channel waits for an answer. */
const leaseSeconds = 90

/**
 * No earlier notice of the same request waits. A channel that changes its message about a request sends them one after the other:
 * otherwise two workers, or a retry, would write two messages, and an old one would replace a newer one.
 */
const isTurnOf = (updates: boolean) =>
  updates
    ? Prisma.sql`NOT EXISTS (
        SELECT 1 FROM notices earlier
        WHERE earlier.request_id = n.request_id AND earlier.channel = n.channel AND earlier.recipient = n.recipient
          AND earlier.id < n.id AND earlier.outcome IS NULL)`
    : Prisma.sql`true`

const isHeldNow = (notice: 'h' | 'notices') =>
  Prisma.raw(
    [`outcome IS NULL`, `held_until > clock_timestamp()`, `next_attempt_at = ${notice}.held_until`]
      .map((condition) => `${notice}.${condition}`)
      .join(' AND '),
  )

/** @param updates whether the channel changes its earlier message about the same request */
export const claimNotices = (
  worker: string,
  channel: ChannelName,
  { limit, updates }: { limit: number; updates: boolean },
): Promise<ClaimedNotice[]> =>
  db().$queryRaw<ClaimedNotice[]>`
    WITH due AS (
      SELECT id FROM notices n
      WHERE channel = ${channel} AND next_attempt_at <= clock_timestamp()
        AND (lease_until IS NULL OR lease_until < clock_timestamp()) AND ${isTurnOf(updates)}
      ORDER BY next_attempt_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED),
    claimed AS (
      UPDATE notices n SET attempts = n.attempts + 1, leased_by = ${worker},
        lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds}::int)
      FROM due WHERE n.id = due.id
      RETURNING n.id, n.event_id, n.kind, n.request_id, n.channel, n.recipient, n.in_place_of, n.attempts, n.created_at)
    SELECT id, event_id AS "eventId", kind, request_id AS "requestId", channel, recipient,
      in_place_of AS "inPlaceOf", attempts, notice_hold(kind, channel, recipient, created_at) IS NOT NULL AS "isQuiet",
      EXISTS (SELECT 1 FROM notices m WHERE m.merged_into = claimed.id) AS "hasMerged",
      EXISTS (SELECT 1 FROM notices h WHERE h.request_id = claimed.request_id AND h.channel = claimed.channel
        AND h.recipient = claimed.recipient AND h.id <> claimed.id AND ${isHeldNow('h')}) AS "hasHeld"
    FROM claimed ORDER BY id`

/** Seconds until the next notice of a channel is due; undefined without one. */
export async function secondsToNextNotice(channel: ChannelName, updates: boolean): Promise<number | undefined> {
  const [row] = await db().$queryRaw<Array<{ seconds: number | null }>>`
    SELECT extract(epoch FROM min(greatest(next_attempt_at, lease_until)) - clock_timestamp())::float8 AS seconds
    FROM notices n WHERE next_attempt_at IS NOT NULL AND channel = ${channel} AND ${isTurnOf(updates)}`
  return row?.seconds ?? undefined
}

/** The notice was sent, is no longer to be sent, or is given up. */
export async function settleNotice(
  worker: string,
  id: string,
  {
    outcome,
    error = null,
    receipt = null,
  }: { outcome: 'sent' | 'dropped' | 'dead'; error?: string | null; receipt?: string | null },
): Promise<void> {
  await db().$executeRaw`
    UPDATE notices SET outcome = ${outcome}, outcome_at = clock_timestamp(), next_attempt_at = NULL, lease_until = NULL,
      leased_by = NULL, last_error = ${error}, receipt = ${receipt}
    WHERE id = ${id} AND leased_by = ${worker} AND outcome IS NULL`
}

/** The attempt failed, or was not made: then it does not count. */
export async function retryNotice(
  worker: string,
  id: string,
  { afterSeconds, error, counts }: { afterSeconds: number; error: string | null; counts: boolean },
): Promise<void> {
  await db().$executeRaw`
    UPDATE notices SET next_attempt_at = clock_timestamp() + make_interval(secs => ${afterSeconds}::float8),
      lease_until = NULL, leased_by = NULL, last_error = coalesce(${error}, last_error),
      attempts = attempts - ${counts ? 0 : 1}::int
    WHERE id = ${id} AND leased_by = ${worker} AND outcome IS NULL`
}

/**
 * Puts a notice off until the quiet hours of its recipient end, and merges those into it that wait for the same reason and are
 * about the same request: the recipient receives one mail about all of them. False if the quiet hours are over.
 */
export async function holdNotice(worker: string, notice: ClaimedNotice): Promise<boolean> {
  const { id, recipient } = notice
  return transaction(async (tx) => {
    // The notices of one person are held one after the other, so that two don't miss each other.
    await tx.$queryRaw`SELECT 1 FROM notice_preferences WHERE person_id = ${recipient} FOR UPDATE`
    const held = await tx.$executeRaw`
      UPDATE notices n SET next_attempt_at = hold.until, held_until = hold.until, lease_until = NULL, leased_by = NULL,
        attempts = n.attempts - 1
      FROM (SELECT notice_hold(kind, channel, recipient, created_at) AS until FROM notices WHERE id = ${id}) hold
      WHERE n.id = ${id} AND n.leased_by = ${worker} AND n.outcome IS NULL AND hold.until IS NOT NULL`
    if (held === 0) return false
    await mergeHeldInto(tx, notice)
    return true
  })
}

/** What quiet hours hold of the same request for the same recipient becomes part of this notice. */
async function mergeHeldInto(tx: Tx, { id, channel, recipient, requestId }: ClaimedNotice): Promise<void> {
  const others = await tx.$queryRaw<Array<{ id: string }>>`
    UPDATE notices SET outcome = 'merged', merged_into = ${id}, outcome_at = clock_timestamp(), next_attempt_at = NULL
    WHERE request_id = ${requestId} AND channel = ${channel} AND recipient = ${recipient} AND id <> ${id}
      AND ${isHeldNow('notices')}
    RETURNING id`
  if (others.length === 0) return
  await tx.$executeRaw`
    UPDATE notices SET merged_into = ${id} WHERE merged_into = ANY(${others.map((one) => one.id)}::text[])`
}

/** A notice that is sent although its recipient has quiet hours tells what they hold of the same request: it is not mailed again. */
export const takeHeld = (notice: ClaimedNotice): Promise<void> => transaction((tx) => mergeHeldInto(tx, notice))

/** The notices that this one tells as well. */
export const mergedInto = (notice: ClaimedNotice): Promise<QueuedNotice[]> =>
  db().$queryRaw<QueuedNotice[]>`
    SELECT id, event_id AS "eventId", kind, request_id AS "requestId", channel, recipient, in_place_of AS "inPlaceOf", attempts
    FROM notices WHERE merged_into = ${notice.id}`

/** Returns the notices of a stopping worker to the queue. */
export async function releaseNotices(worker: string): Promise<void> {
  await db().$executeRaw`
    UPDATE notices SET lease_until = NULL, leased_by = NULL WHERE leased_by = ${worker} AND outcome IS NULL`
}

/** How the channel named its last message about this request to this recipient; null without one. */
export async function earlierReceipt({ requestId, channel, recipient, id }: QueuedNotice): Promise<string | null> {
  const [row] = await db().$queryRaw<Array<{ receipt: string }>>`
    SELECT receipt FROM notices
    WHERE request_id = ${requestId} AND channel = ${channel} AND recipient = ${recipient} AND receipt IS NOT NULL AND id < ${id}
    ORDER BY id DESC LIMIT 1`
  return row?.receipt ?? null
}
