import { db, reads } from '#lib/adapters/db/client'
import { CheckpointError, openCheckpoint, type VerifierKey } from '#lib/core/log/checkpoint'
import { Prisma } from '../generated/client.ts'

/** `isGenuine`: one of the given keys signed it. */
export type StoredCheckpoint = { size: number; note: string; signedAt: Date; isGenuine: boolean }

type Row = { size: bigint; note: string; signedAt: Date }

const rowsAtOnce = 100

function toStored({ size, ...row }: Row, keys: readonly VerifierKey[]): StoredCheckpoint {
  const stored = { ...row, size: Number(size), isGenuine: false }
  try {
    return { ...stored, isGenuine: openCheckpoint(row.note, keys).size === stored.size }
  } catch (error) {
    if (error instanceof CheckpointError) return stored
    throw error
  }
}

/**
 * The newest one that one of these keys signed, or else the newest row, so that a reader is told what is wrong with it. NB: whoever
 * writes to the database as the application's role can add rows that no key signed. They must not hide a genuine one.
 */
async function newestWhere(condition: Prisma.Sql, keys: readonly VerifierKey[]): Promise<StoredCheckpoint | null> {
  let newest: StoredCheckpoint | null = null
  for (let after = Prisma.sql`true`; ; ) {
    const rows = await reads().$queryRaw<Row[]>`
      SELECT size, note, signed_at AS "signedAt" FROM log_checkpoints WHERE (${condition}) AND ${after}
      ORDER BY size DESC, note DESC LIMIT ${rowsAtOnce}`
    const found = rows.map((row) => toStored(row, keys))
    newest ??= found[0] ?? null
    const genuine = found.find(({ isGenuine }) => isGenuine)
    if (genuine) return genuine
    const last = rows.at(-1)
    // Without a key, nothing can be told apart.
    if (!last || rows.length < rowsAtOnce || keys.length === 0) return newest
    after = Prisma.sql`(size, note) < (${last.size}, ${last.note})`
  }
}

export const newestCheckpoint = (keys: readonly VerifierKey[]): Promise<StoredCheckpoint | null> =>
  newestWhere(Prisma.sql`true`, keys)

/**
 * The newest checkpoint of the hours that are over; the empty log in its first hour. Its size tells how many events there
 * are, and someone who sees it grow could tell which of their attempts were recorded.
 */
export const newestPublicCheckpoint = (keys: readonly VerifierKey[]): Promise<StoredCheckpoint | null> =>
  newestWhere(Prisma.sql`size = 0 OR signed_at < date_trunc('hour', clock_timestamp())`, keys)

/** Another worker may have signed the same size with the same key, whose signatures are equal. */
export async function saveCheckpoint(size: number, note: string): Promise<void> {
  await db().$executeRaw`INSERT INTO log_checkpoints (size, note) VALUES (${size}, ${note}) ON CONFLICT DO NOTHING`
}
