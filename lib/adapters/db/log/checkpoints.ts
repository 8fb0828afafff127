import { db, reads } from '#lib/adapters/db/client'
import { Prisma } from '../generated/client.ts'

export type StoredCheckpoint = { size: number; note: string; signedAt: Date }

type Row = { size: bigint; note: string; signedAt: Date }

async function one(condition: Prisma.Sql): Promise<StoredCheckpoint | null> {
  const [row] = await reads().$queryRaw<Row[]>`
    SELECT size, note, signed_at AS "signedAt" FROM log_checkpoints WHERE ${condition} ORDER BY size DESC LIMIT 1`
  return row ? { ...row, size: Number(row.size) } : null
}

export const newestCheckpoint = (): Promise<StoredCheckpoint | null> => one(Prisma.sql`true`)

/**
 * The newest checkpoint of the hours that are over; the empty log in its first hour. Its size tells how many events there
 * are, and someone who sees it grow could tell which of their attempts were recorded.
 */
export const newestPublicCheckpoint = (): Promise<StoredCheckpoint | null> =>
  one(Prisma.sql`size = 0 OR signed_at < date_trunc('hour', clock_timestamp())`)

/** Another worker may have signed the same size: the first one counts. */
export async function saveCheckpoint(size: number, note: string): Promise<void> {
  await db().$executeRaw`INSERT INTO log_checkpoints (size, note) VALUES (${size}, ${note}) ON CONFLICT DO NOTHING`
}
