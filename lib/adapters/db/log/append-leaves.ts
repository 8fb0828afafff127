// Appends events to the log, in the order of `seq` and without gaps.
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { db, type Tx, transaction } from '#lib/adapters/db/client'
import { hashOfEvent } from '#lib/core/log/leaf'
import { hashOfFull, tileWidth } from '#lib/core/log/tiles'
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

/** The hashes of the tile at the right edge of each level. */
async function edges(tx: Tx, size: number): Promise<Buffer[][]> {
  const found: Buffer[][] = []
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / tileWidth)) {
    const from = count - (count % tileWidth)
    const rows =
      level === 0
        ? await tx.$queryRaw<{ hash: Buffer }[]>`SELECT hash FROM log_leaves WHERE index >= ${from} ORDER BY index`
        : await tx.$queryRaw<{ hash: Buffer }[]>`
          SELECT hash FROM log_nodes WHERE level = ${level}::int AND index >= ${from} ORDER BY index`
    found.push(rows.map(({ hash }) => hash))
  }
  return found
}

type NewNode = { level: number; index: number; hash: Buffer }

/** Adds a leaf at the right edge. Returns the hashes of the tiles that it fills. */
function addToEdge(edge: Buffer[][], counts: number[], leaf: Buffer): NewNode[] {
  const filled: NewNode[] = []
  for (let level = 0, hash = leaf; ; level += 1) {
    const tile = [...(edge[level] ?? []), hash]
    const index = counts[level] ?? 0
    if (level > 0) filled.push({ level, index, hash })
    counts[level] = index + 1
    edge[level] = tile.length < tileWidth ? tile : []
    if (tile.length < tileWidth) return filled
    hash = hashOfFull(tile)
  }
}

/** Appends the next events. Returns how many; 0 also if another worker is appending. */
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
    const edge = await edges(tx, size)
    const counts = edge.map((_, level) => Math.floor(size / tileWidth ** level))
    const leaves = rows.map((row, i) => {
      const salt = randomBytes(32)
      return { index: size + i, seq: row.seq, salt, hash: hashOfEvent(toRecorded(row), salt) }
    })
    const nodes = leaves.flatMap(({ hash }) => addToEdge(edge, counts, hash))
    await tx.$executeRaw`
      INSERT INTO log_leaves (index, seq, salt, hash)
      SELECT * FROM unnest(${leaves.map(({ index }) => index)}::bigint[], ${leaves.map(({ seq }) => seq)}::bigint[],
        ${leaves.map(({ salt }) => salt)}::bytea[], ${leaves.map(({ hash }) => hash)}::bytea[])`
    if (nodes.length > 0)
      await tx.$executeRaw`
        INSERT INTO log_nodes (level, index, hash)
        SELECT * FROM unnest(${nodes.map(({ level }) => level)}::int[], ${nodes.map(({ index }) => index)}::bigint[],
          ${nodes.map(({ hash }) => hash)}::bytea[])`
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
