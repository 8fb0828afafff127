// How far the events of the log were forwarded to each receiver. One worker at a time forwards to a receiver, so that the order holds.
import { db } from '#lib/adapters/db/client'

/** Seconds. Longer than sending one batch may take. */
const leaseSeconds = 60

/**
 * The place of the next leaf to send; null if another worker forwards to this receiver now. A new receiver begins with
 * the next event of the log.
 */
export async function claimForward(name: string, worker: string): Promise<number | null> {
  await db().$executeRaw`
    INSERT INTO log_forwards (name, next, last_batch)
    SELECT ${name}, coalesce(max(index) + 1, 0), coalesce(max(index) + 1, 0) FROM log_leaves ON CONFLICT DO NOTHING`
  const [row] = await db().$queryRaw<{ next: bigint }[]>`
    UPDATE log_forwards SET leased_by = ${worker}, lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    WHERE name = ${name} AND (leased_by = ${worker} OR coalesce(lease_until, '-infinity') < clock_timestamp())
    RETURNING next`
  return row ? Number(row.next) : null
}

/**
 * After a failure, sends the last batch again too: a receiver that was killed may have closed its side without having stored
 * everything that it had read.
 */
export async function rewindForward(name: string, worker: string): Promise<void> {
  await db().$executeRaw`UPDATE log_forwards SET next = last_batch WHERE name = ${name} AND leased_by = ${worker}`
}

/** Keeps the position after a batch. False if the lease was lost meanwhile: then another worker sends the batch again. */
export async function moveForward(name: string, worker: string, { from, to }: { from: number; to: number }) {
  const moved = await db().$executeRaw`
    UPDATE log_forwards SET next = ${to}, last_batch = ${from} WHERE name = ${name} AND leased_by = ${worker} AND next = ${from}`
  return moved === 1
}

/** Lets another worker forward at once. */
export async function releaseForward(name: string, worker: string): Promise<void> {
  await db().$executeRaw`
    UPDATE log_forwards SET leased_by = NULL, lease_until = NULL WHERE name = ${name} AND leased_by = ${worker}`
}

export type ForwardState = { name: string; lagSeconds: number }

/** How long ago the oldest event was logged that each receiver has not read; 0 without one. */
export function forwardStates(names: readonly string[]): Promise<ForwardState[]> {
  return db().$queryRaw<ForwardState[]>`
    SELECT wanted.name, coalesce(extract(epoch FROM clock_timestamp() - (SELECT at FROM audit_events JOIN log_leaves USING (seq)
      WHERE log_leaves.index = log_forwards.next)), 0)::float8 AS "lagSeconds"
    FROM unnest(${[...names]}::text[]) AS wanted(name) LEFT JOIN log_forwards USING (name)`
}
