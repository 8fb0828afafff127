import { db } from './client.ts'

/** Records a worker's heartbeat. */
export async function recordHeartbeat(id: string): Promise<void> {
  await db().$executeRaw`
    INSERT INTO workers (id, started_at, seen_at) VALUES (${id}, now(), now())
    ON CONFLICT (id) DO UPDATE SET seen_at = now()`
}

/** Removes a stopping worker from the list. */
export async function deregisterWorker(id: string): Promise<void> {
  await db().$executeRaw`DELETE FROM workers WHERE id = ${id}`
}

/** Deletes workers without a heartbeat for an hour, and orders for credentials that no caller waits for any more. */
export async function pruneStale(): Promise<void> {
  await db().$executeRaw`DELETE FROM workers WHERE seen_at < now() - interval '1 hour'`
  await db().$executeRaw`DELETE FROM credential_orders WHERE created_at < now() - interval '1 minute'`
}

/** Pending requests that have expired, oldest first. */
export async function requestsToLapse(): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ id: string }>>`
    SELECT id FROM requests WHERE status = 'pending' AND lapses_at <= now() ORDER BY lapses_at LIMIT 100`
  return rows.map(({ id }) => id)
}

/** Pending requests whose approvers are to be reminded, or that are to escalate, oldest first. */
export async function requestsToFollowUp(): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ id: string }>>`
    SELECT id FROM requests WHERE status = 'pending' AND follow_up_at <= now() ORDER BY follow_up_at LIMIT 100`
  return rows.map(({ id }) => id)
}

/** Seconds until the next pending request expires or is followed up; undefined when none is. */
export async function secondsToNextDeadline(): Promise<number | undefined> {
  const [row] = await db().$queryRaw<Array<{ seconds: number | null }>>`
    SELECT extract(epoch FROM least(
        (SELECT min(lapses_at) FROM requests WHERE status = 'pending'),
        (SELECT min(follow_up_at) FROM requests WHERE status = 'pending')) - clock_timestamp())::float8 AS seconds`
  return row?.seconds ?? undefined
}
