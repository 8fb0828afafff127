import { db } from '#lib/adapters/db/client'

/** What one process took from a bucket since it last said so, and what kind of bucket it is. */
export type Spent = { key: string; spent: number; capacity: number; perSecond: number }

/**
 * Adds what this process took to what all did, and says what is left of each bucket. Below zero: more was taken than was
 * there, by several replicas at once, which has to be refilled first; never by more than the bucket holds. One statement
 * for all; in the order of the keys, so that two replicas never wait for each other's rows.
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

/** Forgets buckets that nobody took from for long: they are full. */
export async function pruneFullBuckets(): Promise<void> {
  await db().$executeRaw`
    DELETE FROM rate_buckets WHERE at < now() - make_interval(secs => (capacity - tokens) / per_second)`
}
