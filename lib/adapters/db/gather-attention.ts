import { reads } from './client.ts'

export type Attention = {
  /** Clusters that the worker could not reach when it last looked, or has not looked at for long. */
  unreachable: Array<{ name: string; checkedAt: Date }>
  /** Clusters that answer, but that nobody has swept to the end for long, or ever since there are workers. */
  unswept: string[]
  /** Grants that should be over by now. */
  late: number
  /** Grants that are not over of which something in the cluster was not as it was approved, today or still. */
  tampered: number
  /** What was found in clusters and belongs to no grant on record, today or still; only counted for `all`. */
  strays: number
  /** No worker has given a sign of life for long. */
  isWorkerSilent: boolean
}

/** Seconds. Workers look at each cluster and give a sign of life every 15; four missed are no coincidence. */
const silence = 60
/** Seconds. Deadlines are met within 2; removal and proof take a few more. */
const lateness = 30

/** What is wrong now, in one statement. Of late grants only those of `holderId` are counted, or all. */
export async function gatherAttention(holderId: string | 'all'): Promise<Attention> {
  const [row] = await reads().$queryRaw<Attention[]>`
    SELECT
      (SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'checkedAt', checked_at) ORDER BY name), '[]')
        FROM cluster_states
        WHERE NOT reachable OR checked_at < now() - make_interval(secs => ${silence})) AS unreachable,
      (SELECT coalesce(jsonb_agg(name ORDER BY name), '[]')
        FROM cluster_states
        WHERE reachable AND coalesce(sweep_done_at, (SELECT min(started_at) FROM workers))
          < now() - make_interval(secs => ${silence})) AS unswept,
      (SELECT count(*)::int FROM grants g JOIN requests r ON r.id = g.request_id
        WHERE (${holderId} = 'all' OR r.requester_id = ${holderId})
          AND g.status IN ('active', 'ending')
          AND coalesce(g.ending_at, g.expires_at) < now() - make_interval(secs => ${lateness})) AS late,
      (SELECT count(DISTINCT f.grant_id)::int FROM findings f JOIN grants g ON g.id = f.grant_id
        JOIN requests r ON r.id = g.request_id
        WHERE (${holderId} = 'all' OR r.requester_id = ${holderId}) AND g.status <> 'ended'
          AND (f.resolved_at IS NULL OR f.last_seen_at > now() - interval '1 day')) AS tampered,
      (SELECT count(*)::int FROM findings f
        WHERE ${holderId} = 'all' AND f.grant_id IS NULL
          AND (f.resolved_at IS NULL OR f.last_seen_at > now() - interval '1 day')) AS strays,
      NOT EXISTS (SELECT FROM workers WHERE seen_at > now() - make_interval(secs => ${silence})) AS "isWorkerSilent"`
  if (!row) throw new Error('a SELECT without a table gave no row')
  return row
}
