import { reads } from './client.ts'
import { dueToEnd } from './grants/due-to-end.ts'
import { isGenuine, mayLackReview, type ReviewsInSql, reviewsInSql } from './requests/reviews.ts'

export type Attention = {
  /** Clusters that the worker could not reach last time, or has not read for a minute. */
  unreachable: Array<{ name: string; checkedAt: Date }>
  /** Reachable clusters without a complete sweep in the last minute, or since the first worker started. */
  unswept: string[]
  /** Grants that should have ended by now. */
  late: number
  /** Live grants with a finding that is open or was observed within a day. */
  tampered: number
  /** Findings without a grant that are open or were observed within a day; counted only for `all`. */
  strays: number
  /** Break-glass access that has not ended, of the reader, of requests that their groups may read, or all. */
  breakGlass: Array<{ requestId: string; holder: string; cluster: string; expiresAt: string | null }>
  /** All ended break-glass access that waits for a review by the reader's groups, up to `mostReviewsRead`; oldest first. */
  reviewsDue: Array<{ requestId: string; holder: string; isOverdue: boolean }>
  /** There was no heartbeat for a minute. */
  isWorkerSilent: boolean
}

/** Seconds. Workers read each cluster and send a heartbeat every 15, so four missed ones are not a coincidence. */
const silence = 60
/** Seconds. Endings start within 2; deleting and probing take a few more. */
const lateness = 30

type AttentionReader = {
  holderId: string | 'all'
  readerId: string
  groups: readonly string[]
}

/** Of each list no more than this is shown. */
const most = 20
/** Break-glass access of which the reviews are verified. */
export const mostReviewsRead = 500

/** Everything that is wrong now, in one statement. Grants are counted for one holder, or for all. */
export async function gatherAttention({ holderId, readerId, groups }: AttentionReader): Promise<Attention> {
  type Row = Omit<Attention, 'reviewsDue'> & {
    reviewsDue: Array<Attention['reviewsDue'][number] & { reviews: ReviewsInSql }>
  }
  const [row] = await reads().$queryRaw<Row[]>`
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
          AND ${dueToEnd} < now() - make_interval(secs => ${lateness})) AS late,
      (SELECT count(DISTINCT f.grant_id)::int FROM findings f JOIN grants g ON g.id = f.grant_id
        JOIN requests r ON r.id = g.request_id
        WHERE (${holderId} = 'all' OR r.requester_id = ${holderId}) AND g.status <> 'ended'
          AND (f.resolved_at IS NULL OR f.last_seen_at > now() - interval '1 day')) AS tampered,
      (SELECT count(*)::int FROM findings f
        WHERE ${holderId} = 'all' AND f.grant_id IS NULL
          AND (f.resolved_at IS NULL OR f.last_seen_at > now() - interval '1 day')) AS strays,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('requestId', b.id, 'holder', b.name, 'cluster', b.cluster, 'expiresAt', b.expires_at)
          ORDER BY b.id), '[]') FROM (
        SELECT r.id, p.name, r.cluster, g.expires_at FROM grants g JOIN requests r ON r.id = g.request_id
        JOIN people p ON p.id = r.requester_id
        WHERE g.status IN ('pending', 'active', 'ending') AND r.review_due_at IS NOT NULL
          AND (${holderId} = 'all' OR r.requester_id = ${readerId} OR r.approver_groups && ${groups}::text[])
        ORDER BY r.id LIMIT ${most}::int) b) AS "breakGlass",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('requestId', b.id, 'holder', b.name, 'isOverdue', b.review_due_at < now(),
          'reviews', b.reviews) ORDER BY b.review_due_at), '[]') FROM (
        SELECT r.id, p.name, r.review_due_at, ${reviewsInSql} AS reviews FROM requests r JOIN people p ON p.id = r.requester_id
        JOIN grants g ON g.request_id = r.id AND g.status = 'ended'
        WHERE r.requester_id <> ${readerId} AND r.approver_groups && ${groups}::text[] AND ${mayLackReview}
        ORDER BY r.review_due_at DESC LIMIT ${mostReviewsRead}::int) b) AS "reviewsDue",
      NOT EXISTS (SELECT FROM workers WHERE seen_at > now() - make_interval(secs => ${silence})) AS "isWorkerSilent"`
  if (!row) throw new Error('a SELECT without a table returned no row')
  const reviewsDue = row.reviewsDue.filter(({ reviews }) => !reviews.some(isGenuine))
  return { ...row, reviewsDue: reviewsDue.map(({ reviews: _, ...due }) => due) }
}
