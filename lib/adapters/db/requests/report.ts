import { reads } from '#lib/adapters/db/client'
import { makeId } from '#lib/core/access/ids'
import type { ReportResource } from '#lib/core/access/report-resource'
import { Prisma } from '../generated/client.ts'
import { isGenuine, type ReviewsInSql, reviewsInSql } from './reviews.ts'

/** More rows than a page can usefully show. */
const most = 200

export type ReportRow = Pick<ReportResource, 'requests' | 'grants' | 'refusals' | 'breakGlass'> & {
  /** Times in seconds. */
  decisions: Array<{ group: string; count: number; times: [median: number, p90: number] }>
}

/** Everything, or what approvers in these groups may read: the requests they may decide, and refusals of these entitlements. */
export type ReportScope = 'all' | { groups: readonly string[]; entitlements: readonly string[] }

type Use = { month: string; reviews: ReviewsInSql }

/** Of the reviews, only those that Postern wrote count. */
const byMonth = (uses: readonly Use[]): ReportRow['breakGlass'] =>
  [...Map.groupBy(uses, ({ month }) => month)].map(([month, all]) => {
    const outcomes = all.map(({ reviews }) => reviews.find(isGenuine)?.outcome)
    const count = (wanted: string | undefined) => outcomes.filter((outcome) => outcome === wanted).length
    return {
      ...{ month, uses: all.length },
      ...{ justified: count('justified'), notJustified: count('not-justified'), open: count(undefined) },
    }
  })

/**
 * What happened since a moment, in one statement. Requests, decisions and grants are found by the time in their ids,
 * refusals by partial indexes.
 */
export async function readReport(since: Date, scope: ReportScope): Promise<ReportRow> {
  const isAll = scope === 'all'
  const { groups, entitlements } = isAll ? { groups: [], entitlements: [] } : scope
  const isCounted = isAll ? Prisma.sql`true` : Prisma.sql`r.approver_groups && ${[...groups]}::text[]`
  const first = (kind: 'request' | 'decision' | 'grant') => makeId(kind, since, new Uint8Array(10))
  const [row] = await reads().$queryRaw<Array<Omit<ReportRow, 'breakGlass'> & { uses: Use[] }>>`
    WITH refused AS (
      SELECT DISTINCT e.seq, one ->> 'code' AS code, false AS later
      FROM audit_events e CROSS JOIN LATERAL jsonb_path_query(e.data, '$.errors[*]') AS one
      WHERE e.type = 'request.refused' AND e.at >= ${since} AND one ->> 'code' IS NOT NULL
        AND (${isAll} OR e.data ->> 'entitlement' = ANY (${[...entitlements]}::text[]))
      UNION ALL
      SELECT e.seq, s.code #>> '{}', true
      FROM audit_events e CROSS JOIN LATERAL jsonb_path_query(e.data, '$.stoppedBy[*]') AS s(code)
      WHERE e.type IN ('decision.refused', 'grant.ending') AND e.data -> 'stoppedBy' IS NOT NULL AND e.at >= ${since}
        AND (${isAll} OR EXISTS (SELECT FROM requests r WHERE r.id = e.request_id AND ${isCounted}))),
    by_code AS (
      SELECT code, count(*) FILTER (WHERE NOT later)::int AS submissions, count(*) FILTER (WHERE later)::int AS later
      FROM refused GROUP BY code ORDER BY count(*) DESC, code LIMIT ${most}),
    by_group AS (
      SELECT g.name AS "group", count(*)::int AS count,
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM d.created_at - r.created_at)) AS times
      FROM decisions d JOIN requests r ON r.id = d.request_id
      CROSS JOIN LATERAL (SELECT unnest(d.groups) INTERSECT SELECT unnest(r.approver_groups)) AS g(name)
      WHERE d.id >= ${first('decision')} AND (${isAll} OR g.name = ANY (${[...groups]}::text[])) GROUP BY g.name ORDER BY count(*) DESC, g.name LIMIT ${most}),
    by_day AS (
      SELECT to_char(g.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
        count(*) FILTER (WHERE submitted_severity(r.facts) IS DISTINCT FROM 'medium'
          AND submitted_severity(r.facts) IS DISTINCT FROM 'high')::int AS low,
        count(*) FILTER (WHERE submitted_severity(r.facts) = 'medium')::int AS medium,
        count(*) FILTER (WHERE submitted_severity(r.facts) = 'high')::int AS high
      FROM grants g JOIN requests r ON r.id = g.request_id
      WHERE g.id >= ${first('grant')} AND g.activated_at IS NOT NULL AND ${isCounted} GROUP BY 1),
    uses AS (
      SELECT to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, ${reviewsInSql} AS reviews
      FROM requests r WHERE r.id >= ${first('request')} AND r.review_due_at IS NOT NULL AND ${isCounted})
    SELECT
      (SELECT jsonb_build_object('submitted', count(*), 'approved', count(*) FILTER (WHERE status = 'approved'),
          'automatic', count(*) FILTER (WHERE status = 'approved'
            AND NOT EXISTS (SELECT FROM decisions d WHERE d.request_id = r.id)),
          'denied', count(*) FILTER (WHERE status = 'denied'), 'withdrawn', count(*) FILTER (WHERE status = 'withdrawn'),
          'lapsed', count(*) FILTER (WHERE status = 'lapsed'), 'pending', count(*) FILTER (WHERE status = 'pending'))
        FROM requests r WHERE r.id >= ${first('request')} AND ${isCounted}) AS requests,
      (SELECT coalesce(jsonb_agg(to_jsonb(b)), '[]') FROM by_group b) AS decisions,
      (SELECT coalesce(jsonb_agg(to_jsonb(b) ORDER BY day), '[]') FROM by_day b) AS grants,
      (SELECT coalesce(jsonb_agg(to_jsonb(b)), '[]') FROM by_code b) AS refusals,
      (SELECT coalesce(jsonb_agg(to_jsonb(u) ORDER BY month), '[]') FROM uses u) AS uses`
  if (!row) throw new Error('a SELECT without a table returned no row')
  const { uses, ...rest } = row
  return { ...rest, breakGlass: byMonth(uses) }
}
