import { db } from '#lib/adapters/db/client'

/** How much one process has spent from a bucket since its last report, and the size of the bucket. */
export type Spent = { key: string; spent: number; capacity: number; perSecond: number }

/**
 * Adds the spending of this process to that of all replicas and returns what is left in each bucket. A negative value
 * means that several replicas spent more than there was; it is limited to the bucket's capacity and must be refilled
 * first. All buckets are one statement, ordered by key, so that two replicas can't deadlock.
 */
export async function settleSpent(spent: readonly Spent[]): Promise<Array<{ key: string; left: number }>> {
  const sorted = [...spent].sort((a, b) => (a.key < b.key ? -1 : 1))
  return db().$queryRaw<Array<{ key: string; left: number }>>`
    INSERT INTO rate_buckets AS b (key, tokens, capacity, per_second, at)
    SELECT key, capacity - spent, capacity, "perSecond", clock_timestamp()
    FROM jsonb_to_recordset(${JSON.stringify(sorted)}::jsonb)
      AS s(key text, spent float8, capacity float8, "perSecond" float8)
    ON CONFLICT (key) DO UPDATE SET
      tokens = greatest(-excluded.capacity, excluded.tokens - excluded.capacity + least(excluded.capacity,
        b.tokens + greatest(0, extract(epoch FROM excluded.at - b.at)) * excluded.per_second)),
      capacity = excluded.capacity, per_second = excluded.per_second, at = greatest(b.at, excluded.at)
    RETURNING key, tokens AS left`
}

/** Deletes buckets that are full again. */
export async function pruneFullBuckets(): Promise<void> {
  await db().$executeRaw`
    DELETE FROM rate_buckets WHERE at < now() - make_interval(secs => (capacity - tokens) / per_second)`
}
