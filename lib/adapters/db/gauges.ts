import type { FindingKind } from '#lib/core/access/finding'
import { db } from './client.ts'

/** How much work there is, for whoever watches Postern from outside. The same from every replica. */
export type Gauges = {
  pendingRequests: number
  /** Grants that are not over, by status. */
  grants: Record<'pending' | 'active' | 'ending', number>
  /** Grants whose time is over by more than ten seconds and whose end is not proven: access that should not be. */
  overdueGrants: number
  /** Seconds since the oldest of those that should be over should have been; 0 where there is none. */
  oldestEndingSeconds: number
  /** Grants whose last attempt failed. */
  failingGrants: number
  /** Grants that are due and that no worker has taken, and for how many seconds the first of them has waited. */
  due: { count: number; oldestSeconds: number }
  /** Seconds since a worker gave a sign of life; null where none ever did. */
  workerSilentSeconds: number | null
  /** Findings that stand: nothing came of them yet. */
  findings: Array<{ cluster: string; kind: FindingKind; count: number }>
  /** Seconds since each cluster was looked at and wholly swept; null where it never was. */
  clusters: Array<{ name: string; reachable: boolean; clusterStateAge: number; sweepAge: number | null }>
}

type Row = Omit<Gauges, 'grants' | 'due'> & {
  pending: number
  active: number
  ending: number
  due: number
  oldestDueSeconds: number
}

/** One statement over what is not over yet: it stays cheap however long the history is. */
export async function readGauges(): Promise<Gauges> {
  const [row] = await db().$queryRaw<Row[]>`
    SELECT (SELECT count(*)::int FROM requests WHERE status = 'pending') AS "pendingRequests",
           count(*) FILTER (WHERE status = 'pending')::int AS pending,
           count(*) FILTER (WHERE status = 'active')::int AS active,
           count(*) FILTER (WHERE status = 'ending')::int AS ending,
           count(*) FILTER (WHERE least(expires_at, ending_at) < now() - interval '10 seconds')::int AS "overdueGrants",
           coalesce(extract(epoch FROM greatest(now() - min(least(expires_at, ending_at)), '0')), 0)::float8
             AS "oldestEndingSeconds",
           count(*) FILTER (WHERE attempts > 0)::int AS "failingGrants",
           count(*) FILTER (WHERE next_attempt_at <= now() AND (lease_until IS NULL OR lease_until < now()))::int AS due,
           coalesce(extract(epoch FROM now() - min(greatest(next_attempt_at, lease_until)) FILTER (
             WHERE next_attempt_at <= now() AND (lease_until IS NULL OR lease_until < now()))), 0)::float8
             AS "oldestDueSeconds",
           (SELECT extract(epoch FROM now() - max(seen_at))::float8 FROM workers) AS "workerSilentSeconds",
           (SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'reachable', reachable,
               'clusterStateAge', extract(epoch FROM now() - checked_at), 'sweepAge', extract(epoch FROM now() - sweep_done_at))), '[]')
             FROM cluster_states) AS clusters,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('cluster', cluster, 'kind', kind, 'count', count)), '[]')
             FROM (SELECT cluster, kind, count(*) FROM findings WHERE resolved_at IS NULL GROUP BY 1, 2) AS standing) AS findings
    FROM grants WHERE status IN ('pending', 'active', 'ending')`
  if (!row) throw new Error('an aggregate gave no row')
  const { pending, active, ending, due, oldestDueSeconds, ...rest } = row
  return { ...rest, grants: { pending, active, ending }, due: { count: due, oldestSeconds: oldestDueSeconds } }
}
