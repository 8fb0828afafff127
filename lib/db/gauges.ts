import { db } from './client.ts'

/** How much work there is, for whoever watches Postern from outside. */
export type Gauges = {
  pendingRequests: number
  /** Grants that are not over, by status. */
  grants: Record<'pending' | 'active' | 'ending', number>
  /** Grants whose time is over by more than ten seconds and whose end is not proven: access that should not be. */
  overdueGrants: number
  /** Seconds since a worker gave a sign of life; null where none ever did. */
  workerSilentSeconds: number | null
}

/** One statement over what is not over yet: it stays cheap however long the history is. */
export async function readGauges(): Promise<Gauges> {
  const rows = await db().$queryRaw<
    { requests: number; pending: number; active: number; ending: number; overdue: number; silent: number | null }[]
  >`
    SELECT (SELECT count(*)::int FROM requests WHERE status = 'pending') AS requests,
           count(*) FILTER (WHERE status = 'pending')::int AS pending,
           count(*) FILTER (WHERE status = 'active')::int AS active,
           count(*) FILTER (WHERE status = 'ending')::int AS ending,
           count(*) FILTER (WHERE least(expires_at, ending_at) < now() - interval '10 seconds')::int AS overdue,
           (SELECT extract(epoch FROM now() - max(seen_at))::float FROM workers) AS silent
    FROM grants WHERE status IN ('pending', 'active', 'ending')`
  const { requests = 0, pending = 0, active = 0, ending = 0, overdue = 0, silent = null } = rows[0] ?? {}
  return {
    pendingRequests: requests,
    grants: { pending, active, ending },
    overdueGrants: overdue,
    workerSilentSeconds: silent,
  }
}
