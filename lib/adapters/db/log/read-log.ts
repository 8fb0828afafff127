import { reads } from '#lib/adapters/db/client'
import type { LogEntry } from '#lib/core/log/leaf'
import { type HashTile, nodesInTiles, pathOfTile, tilesFor } from '#lib/core/log/tiles'
import type { ReadNode } from '#lib/core/log/tree'
import { Prisma } from '../generated/client.ts'
import { type EventRow, eventColumns, toRecorded } from './recorded-events.ts'

/** The number of leaves. */
export async function logSize(): Promise<number> {
  const [row] = await reads().$queryRaw<{ size: bigint }[]>`SELECT coalesce(max(index) + 1, 0) AS size FROM log_leaves`
  return Number(row?.size ?? 0)
}

/** The bytes of each tile, by its path. */
export async function readTiles(tiles: readonly HashTile[]): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>()
  for (const tile of tiles) {
    const [from, to] = [tile.index * 256, tile.index * 256 + tile.width]
    const rows =
      tile.level === 0
        ? await reads().$queryRaw<{ hash: Buffer }[]>`
            SELECT hash FROM log_leaves WHERE index >= ${from} AND index < ${to} ORDER BY index`
        : await reads().$queryRaw<{ hash: Buffer }[]>`
            SELECT hash FROM log_nodes WHERE level = ${tile.level}::int AND index >= ${from} AND index < ${to} ORDER BY index`
    found.set(pathOfTile(tile), Buffer.concat(rows.map(({ hash }) => hash)))
  }
  return found
}

/** The result of a computation in the tree of the first `size` leaves. @throws if a stored hash is missing */
export async function inTree<T>(size: number, compute: (read: ReadNode) => T): Promise<T> {
  return compute(nodesInTiles(size, await readTiles(tilesFor(size, compute))))
}

type EntryRow = Omit<EventRow, 'id'> & {
  leafIndex: bigint
  leafSeq: bigint
  salt: Buffer
  hash: Buffer
  id: string | null
}

function toEntry({ leafIndex, leafSeq, salt, hash, id, ...row }: EntryRow): LogEntry {
  return {
    index: Number(leafIndex),
    seq: Number(leafSeq),
    hash: hash.toString('base64'),
    salt: salt.toString('base64'),
    event: id === null ? null : toRecorded({ ...row, id }),
  }
}

const entriesWhere = async (condition: Prisma.Sql): Promise<LogEntry[]> => {
  const rows = await reads().$queryRaw<EntryRow[]>`
    SELECT leaf.index AS "leafIndex", leaf.seq AS "leafSeq", leaf.salt, leaf.hash, event.*
    FROM (SELECT * FROM log_leaves WHERE ${condition}) AS leaf
    LEFT JOIN LATERAL (SELECT ${eventColumns} FROM audit_events WHERE audit_events.seq = leaf.seq) AS event ON true
    ORDER BY leaf.index`
  return rows.map(toEntry)
}

/** The leaves from `from` up to, and without, `to`, each with its event. */
export const entriesBetween = (from: number, to: number): Promise<LogEntry[]> =>
  entriesWhere(Prisma.sql`index >= ${from} AND index < ${to}`)

/** The leaves of these events. */
export const entriesOfEvents = (ids: readonly string[]): Promise<LogEntry[]> =>
  entriesWhere(Prisma.sql`seq = ANY(ARRAY(SELECT seq FROM audit_events WHERE id = ANY(${ids}::text[])))`)

/** The leaves at these places. */
export const entriesAt = (indexes: readonly number[]): Promise<LogEntry[]> =>
  entriesWhere(Prisma.sql`index = ANY(${[...indexes]}::bigint[])`)

/** The document of a policy version that judged something; undefined if it never did. */
export async function policyDocument(version: string): Promise<unknown> {
  const [row] = await reads().$queryRaw<{ document: unknown }[]>`
    SELECT document FROM policy_versions WHERE hash = ${version}`
  return row?.document
}

export async function eventExists(id: string): Promise<boolean> {
  return (await reads().$queryRaw<unknown[]>`SELECT FROM audit_events WHERE id = ${id}`).length > 0
}

/**
 * Events that lie between logged ones and have no leaf: someone inserted them later.
 * @param from the first leaf after which such an event may be, and `to` the one before which it may be
 */
export async function eventsWithoutLeaf(from: number, to: number): Promise<string[]> {
  const seqAt = (index: number) => Prisma.sql`(SELECT seq FROM log_leaves WHERE index = ${index})`
  const rows = await reads().$queryRaw<{ id: string }[]>`
    SELECT id FROM audit_events AS event
    WHERE seq > coalesce(${seqAt(from - 1)}, 0) AND seq < coalesce(${seqAt(to - 1)}, 0)
      AND NOT EXISTS (SELECT FROM log_leaves WHERE log_leaves.seq = event.seq)
    ORDER BY seq LIMIT 100`
  return rows.map(({ id }) => id)
}
