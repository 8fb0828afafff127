// Appends events to the log, in the order of `seq` and without gaps.
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { db, transaction } from '#lib/adapters/db/client'
import { hashOfEvent } from '#lib/core/log/leaf'
import { Prisma } from '../generated/client.ts'
import { type EventRow, eventColumns, toRecorded } from './recorded-events.ts'

/** Events of one transaction, which takes well under a second. */
const atOnce = 512
/** Milliseconds. A transaction of Postern lasts at most 15 seconds. */
const longestSettleMs = 20_000
const settleStepMs = 50

/** Any fixed number: one worker appends at a time. */
const appendLock = 0x706f7374

const isAhead = Prisma.sql`seq > coalesce((SELECT seq FROM log_leaves ORDER BY index DESC LIMIT 1), 0)`

/** The newest event that has no leaf yet; null without one. */
async function newestUnlogged(): Promise<bigint | null> {
  const [row] = await db().$queryRaw<
    { seq: bigint | null }[]
  >`SELECT max(seq) AS seq FROM audit_events WHERE ${isAhead}`
  return row?.seq ?? null
}

/** The transactions that may have taken a number from the sequence and not committed it: all that may write events. */
async function writers(): Promise<Set<string>> {
  const rows = await db().$queryRaw<{ id: string }[]>`
    SELECT virtualtransaction AS id FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'audit_events'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  return new Set(rows.map(({ id }) => id))
}

/**
 * Waits until every transaction that may still commit an event before a known one is over. An INSERT locks the table before
 * it takes a number, so a transaction with a smaller one held that lock when the known event could be read.
 * @returns false if one of them lasts too long
 */
async function settle(signal: AbortSignal): Promise<boolean> {
  let open = await writers()
  for (let waited = 0; open.size > 0; waited += settleStepMs) {
    if (waited >= longestSettleMs || signal.aborted) return false
    await wait(settleStepMs)
    open = open.intersection(await writers())
  }
  return true
}

/** Appends the next events; the database adds the hashes of the subtrees that they complete. Returns how many; 0 also if another worker is appending. */
const appendSome = (upTo: bigint): Promise<number> =>
  transaction(async (tx) => {
    const [lock] = await tx.$queryRaw<
      { ours: boolean }[]
    >`SELECT pg_try_advisory_xact_lock(${appendLock}::bigint) AS ours`
    if (!lock?.ours) return 0
    const [last] = await tx.$queryRaw<{ size: bigint }[]>`SELECT coalesce(max(index) + 1, 0) AS size FROM log_leaves`
    const rows = await tx.$queryRaw<EventRow[]>`
      SELECT ${eventColumns} FROM audit_events WHERE ${isAhead} AND seq <= ${upTo} ORDER BY seq LIMIT ${atOnce}`
    if (rows.length === 0) return 0
    const size = Number(last?.size ?? 0)
    const leaves = rows.map((row, i) => {
      const salt = randomBytes(32)
      return { index: size + i, seq: row.seq, salt, hash: hashOfEvent(toRecorded(row), salt) }
    })
    await tx.$executeRaw`
      INSERT INTO log_leaves (index, seq, salt, hash)
      SELECT * FROM unnest(${leaves.map(({ index }) => index)}::bigint[], ${leaves.map(({ seq }) => seq)}::bigint[],
        ${leaves.map(({ salt }) => salt)}::bytea[], ${leaves.map(({ hash }) => hash)}::bytea[])`
    return rows.length
  })

/**
 * Appends every event that is committed now. It never keeps a transaction that records an event waiting.
 * @returns how many leaves it added
 */
export async function appendLeaves(signal: AbortSignal): Promise<number> {
  const newest = await newestUnlogged()
  if (newest === null || !(await settle(signal))) return 0
  let added = 0
  while (!signal.aborted) {
    const more = await appendSome(newest)
    if (more === 0) break
    added += more
  }
  return added
}
