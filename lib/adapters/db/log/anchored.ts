import { db, reads } from '#lib/adapters/db/client'

/** What an anchor has kept: -1 and null before its first checkpoint. */
export type Anchored = { name: string; size: number; keptAt: Date | null; lagSeconds: number }

export async function recordAnchored(name: string, size: number): Promise<void> {
  await db().$executeRaw`
    INSERT INTO log_anchors (name, size) VALUES (${name}, ${size})
    ON CONFLICT (name) DO UPDATE SET size = excluded.size, kept_at = clock_timestamp()`
}

/** The size of the newest checkpoint that each anchor has kept, and how long the oldest that it lacks has waited. */
export async function anchored(names: readonly string[]): Promise<Anchored[]> {
  const rows = await reads().$queryRaw<(Omit<Anchored, 'size'> & { size: bigint })[]>`
    SELECT wanted.name, coalesce(kept.size, -1) AS size, kept.kept_at AS "keptAt",
      coalesce(extract(epoch FROM clock_timestamp() - (SELECT signed_at FROM log_checkpoints
        WHERE log_checkpoints.size > coalesce(kept.size, -1) ORDER BY log_checkpoints.size LIMIT 1)), 0)::float8 AS "lagSeconds"
    FROM unnest(${[...names]}::text[]) AS wanted(name) LEFT JOIN log_anchors AS kept USING (name)`
  return rows.map((row) => ({ ...row, size: Number(row.size) }))
}
