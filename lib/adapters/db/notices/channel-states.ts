import { reads, type Tx } from '#lib/adapters/db/client'
import type { ChannelResource, DeadNotice } from '#lib/core/access/notice-resource'
import type { ChannelName } from '#lib/core/notices/kinds'

// The state of each channel, for admins and Prometheus, and the notices that were given up.

type Row = Omit<ChannelResource, 'waitingSince'> & { waitingSince: Date | null; oldestSeconds: number }
export type ChannelState = Row

/** Every channel that has notices waiting or given up. What quiet hours hold does not wait for its channel. Two partial indexes, so that the cost does not grow with the history. */
export const channelStates = (): Promise<ChannelState[]> =>
  reads().$queryRaw<Row[]>`
    WITH unsent AS (
      SELECT channel, outcome, greatest(created_at, held_until) AS created_at, outcome_at, last_error, next_attempt_at FROM notices
      WHERE next_attempt_at IS NOT NULL AND (held_until IS NULL OR held_until <= clock_timestamp())
      UNION ALL
      SELECT channel, outcome, created_at, outcome_at, last_error, next_attempt_at FROM notices WHERE outcome = 'dead')
    SELECT channel, count(*) FILTER (WHERE outcome IS NULL)::int AS waiting,
      min(created_at) FILTER (WHERE outcome IS NULL) AS "waitingSince",
      coalesce(extract(epoch FROM clock_timestamp() - min(created_at) FILTER (WHERE outcome IS NULL)), 0)::float8 AS "oldestSeconds",
      count(*) FILTER (WHERE outcome = 'dead')::int AS dead,
      (array_agg(last_error ORDER BY coalesce(outcome_at, next_attempt_at) DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS "lastError"
    FROM unsent GROUP BY channel ORDER BY channel`

/** The notices that were given up last. */
export async function deadNotices(limit: number): Promise<DeadNotice[]> {
  const rows = await reads().$queryRaw<Array<Omit<DeadNotice, 'at'> & { at: Date }>>`
    SELECT n.id, n.kind, n.channel, n.request_id AS "requestId", p.name AS recipient, n.attempts, n.last_error AS error,
      n.outcome_at AS at
    FROM notices n LEFT JOIN people p ON p.id = n.recipient
    WHERE n.outcome = 'dead' ORDER BY n.outcome_at DESC, n.id LIMIT ${limit}`
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }))
}

/** Returns the dead notices of a channel to its queue. Returns how many there were. */
export async function requeueDead(tx: Tx, channel: ChannelName): Promise<number> {
  return tx.$executeRaw`
    UPDATE notices SET outcome = NULL, outcome_at = NULL, attempts = 0, next_attempt_at = clock_timestamp()
    WHERE outcome = 'dead' AND channel = ${channel}`
}

/**
 * Wakes the workers when the transaction commits.
 * @param channel one that failed, and is to be tried now
 */
export async function wakeNotifiers(tx: Tx, channel: ChannelName | '' = ''): Promise<void> {
  await tx.$executeRaw`SELECT pg_notify('postern_outbox', ${channel})`
}
