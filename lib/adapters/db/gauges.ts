import type { FindingKind } from '#lib/core/access/finding'
import type { Severity } from '#lib/core/access/severity'
import type { VerifierKey } from '#lib/core/log/checkpoint'
import { db } from './client.ts'
import { dueToEnd } from './grants/due-to-end.ts'
import { type Anchored, anchored } from './log/anchored.ts'
import { newestCheckpoint } from './log/checkpoints.ts'
import { type ForwardState, forwardStates } from './log/forwards.ts'
import { type ChannelState, channelStates } from './notices/channel-states.ts'
import { isGenuine, mayLackReview, type ReviewsInSql, reviewsInSql } from './requests/reviews.ts'
import { type RotaState, rotaStates } from './rotas/rota-states.ts'

/** The state of the work, for monitoring. The same from every replica. */
export type Gauges = {
  pendingRequests: number
  /** Grants that have not ended, by status. */
  grants: Record<'pending' | 'active' | 'ending', number>
  /** Grants more than ten seconds past their end that are not confirmed as ended: access may still be possible. */
  overdueGrants: number
  /** How many seconds the oldest grant that should have ended is past its end; 0 without one. */
  oldestEndingSeconds: number
  /** Grants whose last attempt failed. */
  failingGrants: number
  /** Grants that are due and not claimed by a worker, and how many seconds the oldest of them has been waiting. */
  due: { count: number; oldestSeconds: number }
  /** Seconds since the last heartbeat of any worker; null if there never was one. */
  workerSilentSeconds: number | null
  /** How many seconds ago the oldest event happened that is not in a signed checkpoint; in an unsigned log, that has no leaf. */
  logLagSeconds: number
  /** Break-glass access that has not ended, and that waits for a review, before and after its deadline. */
  breakGlassInUse: number
  reviewsOpen: number
  reviewsOverdue: number
  /** Open findings. */
  findings: Array<{ cluster: string; kind: FindingKind; count: number }>
  /** What each configured anchor of the log has kept. */
  anchors: Anchored[]
  /** How far each configured syslog receiver is behind. */
  forwards: ForwardState[]
  /** Open findings about standing access. */
  posture: Array<{ cluster: string; severity: Severity; count: number; newCount: number; setAside: number }>
  /** The rotas outside of Postern. */
  rotas: RotaState[]
  /** The channels with notices that wait or were given up. */
  channels: ChannelState[]
  /** Seconds since each cluster was last read, and since its last complete sweep; null if there never was one. */
  clusters: Array<{
    name: string
    reachable: boolean
    clusterStateAge: number
    sweepAge: number | null
    tokenLifeLeft: number | null
    /** Whether the API server accepted the last probe token, seconds since its last TokenReview, and active grants whose tokens Postern signs. */
    tokenAccepted: boolean | null
    tokenReviewAge: number | null
    vouched: number
  }>
}

type Row = Omit<
  Gauges,
  'grants' | 'due' | 'channels' | 'anchors' | 'forwards' | 'rotas' | 'reviewsOpen' | 'reviewsOverdue'
> & {
  pending: number
  active: number
  ending: number
  due: number
  oldestDueSeconds: number
  reviewed: Array<{ isOverdue: boolean; reviews: ReviewsInSql }>
}

/**
 * Three statements over live grants, undelivered notices and the newest checkpoint only, so that its cost does not grow with the history, and one more each for anchors and for syslog receivers.
 * @param anchors the names of the configured anchors of the log
 * @param receivers the names of the configured syslog receivers
 * @param keys those that sign the log. Without them, every stored checkpoint counts as signed
 */
export async function readGauges(
  anchors: readonly string[] = [],
  receivers: readonly string[] = [],
  keys: readonly VerifierKey[] = [],
): Promise<Gauges> {
  const newest = await newestCheckpoint(keys)
  const isSigned = newest !== null && (newest.isGenuine || keys.length === 0)
  /** How many leaves are in a signed checkpoint; null: nothing is signed, so those without one are not late. */
  const signed = isSigned ? newest.size : newest && 0
  const [row] = await db().$queryRaw<Row[]>`
    SELECT (SELECT count(*)::int FROM requests WHERE status = 'pending') AS "pendingRequests",
           count(*) FILTER (WHERE status = 'pending')::int AS pending,
           count(*) FILTER (WHERE status = 'active')::int AS active,
           count(*) FILTER (WHERE status = 'ending')::int AS ending,
           count(*) FILTER (WHERE ${dueToEnd} < now() - interval '10 seconds')::int AS "overdueGrants",
           coalesce(extract(epoch FROM greatest(now() - min(${dueToEnd}), '0')), 0)::float8
             AS "oldestEndingSeconds",
           count(*) FILTER (WHERE attempts > 0)::int AS "failingGrants",
           count(*) FILTER (WHERE next_attempt_at <= now() AND (lease_until IS NULL OR lease_until < now()))::int AS due,
           coalesce(extract(epoch FROM now() - min(greatest(next_attempt_at, lease_until)) FILTER (
             WHERE next_attempt_at <= now() AND (lease_until IS NULL OR lease_until < now()))), 0)::float8
             AS "oldestDueSeconds",
           (SELECT count(*)::int FROM requests r JOIN grants g ON g.request_id = r.id
             WHERE r.review_due_at IS NOT NULL AND g.status IN ('pending', 'active', 'ending')) AS "breakGlassInUse",
           (SELECT coalesce(jsonb_agg(jsonb_build_object('isOverdue', r.review_due_at < now(), 'reviews', ${reviewsInSql})), '[]')
             FROM requests r WHERE ${mayLackReview}) AS reviewed,
           (SELECT extract(epoch FROM now() - max(seen_at))::float8 FROM workers) AS "workerSilentSeconds",
           coalesce(extract(epoch FROM now() - (SELECT at FROM audit_events WHERE seq > coalesce(
             (SELECT seq FROM log_leaves WHERE index < coalesce(${signed}::bigint, 9223372036854775807)
               ORDER BY index DESC LIMIT 1), 0) ORDER BY seq LIMIT 1)), 0)::float8 AS "logLagSeconds",
           (SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'reachable', reachable,
               'clusterStateAge', extract(epoch FROM now() - checked_at), 'sweepAge', extract(epoch FROM now() - sweep_done_at),
               'tokenLifeLeft', (SELECT greatest(0, extract(epoch FROM t.expires_at - now()) / extract(epoch FROM t.expires_at - t.issued_at))
                 FROM cluster_tokens t WHERE t.cluster = name),
               'tokenAccepted', token_probe -> 'accepted', 'tokenReviewAge', extract(epoch FROM now() - token_review_at),
               'vouched', (SELECT count(*) FROM grants v WHERE v.cluster = name AND v.status = 'active'
                 AND EXISTS (SELECT FROM grant_objects o WHERE o.grant_id = v.id)
                 AND NOT EXISTS (SELECT FROM grant_objects o WHERE o.grant_id = v.id AND o.kind = 'ServiceAccount')))), '[]')
             FROM cluster_states) AS clusters,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('cluster', cluster, 'kind', kind, 'count', count)), '[]')
             FROM (SELECT cluster, kind, count(*) FROM findings WHERE resolved_at IS NULL GROUP BY 1, 2) AS open_findings) AS findings,
           (SELECT coalesce(jsonb_agg(to_jsonb(open_posture)), '[]') FROM (
             SELECT f.cluster, f.severity, count(*) FILTER (WHERE aside IS FALSE) AS count, count(*) FILTER (WHERE aside) AS "setAside",
               count(*) FILTER (WHERE aside IS FALSE AND date_trunc('milliseconds', f.changed_at) > s.baseline_at) AS "newCount"
             FROM posture_findings f JOIN posture_states s USING (cluster),
               LATERAL (SELECT f.suppressed IS NOT NULL OR coalesce(f.accepted_until > now(), false) AS aside) AS a
             WHERE f.resolved_at IS NULL GROUP BY 1, 2) AS open_posture) AS posture
    FROM grants WHERE status IN ('pending', 'active', 'ending')`
  if (!row) throw new Error('an aggregate returned no row')
  const [channels, rotas] = [await channelStates(), await rotaStates()]
  const kept = anchors.length > 0 ? await anchored(anchors) : []
  const forwards = receivers.length > 0 ? await forwardStates(receivers) : []
  const { pending, active, ending, due, oldestDueSeconds, reviewed, ...rest } = row
  const withoutReview = reviewed.filter(({ reviews }) => !reviews.some(isGenuine))
  return {
    ...rest,
    reviewsOpen: withoutReview.length,
    reviewsOverdue: withoutReview.filter(({ isOverdue }) => isOverdue).length,
    channels,
    anchors: kept,
    forwards,
    rotas,
    grants: { pending, active, ending },
    due: { count: due, oldestSeconds: oldestDueSeconds },
  }
}
