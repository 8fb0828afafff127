import { reads } from '#lib/adapters/db/client'
import type { Rule } from '#lib/core/access/rule'
import { Prisma } from '../generated/client.ts'

export type AccessAtRow = {
  grantId: string
  requestId: string
  personId: string
  personName: string
  personEmail: string | null
  submitted: { entitlement: string; reason: string; ticket: string | null }
  cluster: string
  namespaces: string[]
  rules: Rule[]
  clusterRole: string | null
  approvers: { name: string; at: string }[]
  policyVersion: string | null
  beganAt: Date
  expiresAt: string
  endedAt: Date | null
}

/**
 * The grants that were live at any time from `from` until before `to`, or at `from` if both are the same, from events alone: *active*, and
 * not *ended* since. An end that had to be made again (`grant.ending` after `grant.ended`) counts as live. In the order in which they
 * began. `endedAt` is the first end after the beginning of the time in which it was live.
 */
export function findAccessBetween(
  { from, to }: { from: Date; to: Date },
  { cluster, namespace, limit }: { cluster?: string | undefined; namespace?: string | undefined; limit: number },
): Promise<AccessAtRow[]> {
  const inScope = Prisma.sql`${cluster === undefined ? Prisma.sql`true` : Prisma.sql`cluster = ${cluster}`}
    AND ${namespace === undefined ? Prisma.sql`true` : Prisma.sql`namespaces @> ARRAY[${namespace}::text]`}`
  const soEarly = Prisma.sql`(at < ${to} OR at = ${from})`
  return reads().$queryRaw<AccessAtRow[]>`
    WITH moves AS (
      SELECT grant_id, type, at, lead(at) OVER (PARTITION BY grant_id ORDER BY at, seq) AS until
      FROM audit_events
      WHERE type IN ('grant.active', 'grant.ending', 'grant.ended') AND grant_id IS NOT NULL AND ${soEarly} AND ${inScope}),
    live AS (
      SELECT grant_id, greatest(min(at), ${from}) AS since FROM moves
      WHERE type <> 'grant.ended' AND (until IS NULL OR (until > at AND until > ${from})) GROUP BY grant_id)
    SELECT live.grant_id AS "grantId", active.request_id AS "requestId", submitted.about_id AS "personId",
      submitted.actor_name AS "personName", submitted.actor_email AS "personEmail", submitted.data AS submitted,
      active.cluster, active.namespaces, requests.rules, requests.cluster_role AS "clusterRole",
      coalesce((SELECT jsonb_agg(jsonb_build_object('name', actor_name, 'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY seq)
        FROM audit_events WHERE request_id = active.request_id AND type = 'decision.made' AND data ->> 'decision' = 'approve'
          AND at <= active.at), '[]') AS approvers,
      active.policy_hash AS "policyVersion", active.at AS "beganAt", active.data ->> 'expiresAt' AS "expiresAt",
      (SELECT at FROM audit_events WHERE grant_id = live.grant_id AND type = 'grant.ended' AND at > live.since
        ORDER BY at, seq LIMIT 1) AS "endedAt"
    FROM live
    CROSS JOIN LATERAL (SELECT * FROM audit_events WHERE grant_id = live.grant_id AND type = 'grant.active' AND ${soEarly}
      ORDER BY at, seq LIMIT 1) AS active
    CROSS JOIN LATERAL (SELECT * FROM audit_events WHERE request_id = active.request_id AND type = 'request.submitted'
      ORDER BY seq LIMIT 1) AS submitted
    JOIN requests ON requests.id = active.request_id
    ORDER BY active.at, active.seq LIMIT ${limit}`
}
