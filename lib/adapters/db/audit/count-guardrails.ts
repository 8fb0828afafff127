import { reads } from '#lib/adapters/db/client'
import type { Reader } from '#lib/adapters/db/requests/find-requests'
import { makeId } from '#lib/core/access/ids'
import type { GuardrailCount } from '#lib/core/guardrails/guardrail-count'

const dayMs = 86_400_000
const mostPeople = 5
/** More guardrails than a page can usefully show. */
const mostGuardrails = 1_000

/**
 * How often each guardrail matched during the last `days` days, in one statement. Requests are found by the time in
 * their ids, refusals and later blocks by partial indexes. People whom the reader may not see are only counted.
 */
export function countGuardrails(reader: Reader, now: Date, days: number): Promise<GuardrailCount[]> {
  const since = new Date(now.getTime() - days * dayMs)
  const first = makeId('request', since, new Uint8Array(10))
  const { personId, groups, seesAll } = reader
  return reads().$queryRaw<GuardrailCount[]>`
    WITH hits AS (
      SELECT f.name, r.created_at AS at, r.requester_id AS person, false AS stopped,
        ${seesAll} OR r.requester_id = ${personId} OR r.approver_groups && ${[...groups]}::text[]
          OR EXISTS (SELECT FROM decisions d WHERE d.request_id = r.id AND d.person_id = ${personId}) AS visible
      FROM requests r CROSS JOIN LATERAL jsonb_array_elements_text(r.verdict -> 'matched') AS f(name)
      WHERE r.id >= ${first}
      UNION ALL
      SELECT f.name, e.at, e.about_id,
        EXISTS (SELECT FROM jsonb_array_elements(e.data -> 'errors') AS one WHERE one ->> 'code' = f.name),
        ${seesAll} OR e.about_id = ${personId}
      FROM audit_events e CROSS JOIN LATERAL jsonb_array_elements_text(e.data -> 'matched') AS f(name)
      WHERE e.type = 'request.refused' AND e.at >= ${since}),
    per_day AS (
      SELECT name, least(greatest(floor(extract(epoch FROM at - ${since}) / 86400), 0), ${days} - 1)::int AS day,
        count(*)::int AS count
      FROM hits GROUP BY 1, 2),
    per_person AS (
      SELECT h.name, h.person, p.name AS who, count(*)::int AS count, count(*) FILTER (WHERE h.stopped)::int AS stopped,
        count(*) FILTER (WHERE h.visible)::int AS shown,
        row_number() OVER (PARTITION BY h.name ORDER BY count(*) FILTER (WHERE h.visible) DESC, h.person) AS rank
      FROM hits h LEFT JOIN people p ON p.id = h.person GROUP BY 1, 2, 3),
    later AS (
      SELECT s.name, count(*) FILTER (WHERE e.type = 'decision.refused')::int AS deciding,
        count(*) FILTER (WHERE e.type = 'grant.ending')::int AS granting
      FROM audit_events e CROSS JOIN LATERAL jsonb_array_elements_text(e.data -> 'stoppedBy') AS s(name)
      WHERE e.type IN ('decision.refused', 'grant.ending') AND e.data -> 'stoppedBy' IS NOT NULL AND e.at >= ${since}
      GROUP BY 1),
    submitted AS (
    SELECT name, sum(count)::int AS matched, sum(stopped)::int AS stopped,
      (SELECT array_agg(coalesce(d.count, 0) ORDER BY n) FROM generate_series(0, ${days}::int - 1) AS n
        LEFT JOIN per_day d ON d.name = per_person.name AND d.day = n) AS days,
      coalesce(jsonb_agg(jsonb_build_object('id', person, 'name', who, 'count', shown) ORDER BY rank)
        FILTER (WHERE shown > 0 AND rank <= ${mostPeople}), '[]') AS people,
      count(*) FILTER (WHERE shown = 0 OR rank > ${mostPeople})::int AS others
    FROM per_person GROUP BY name)
    SELECT name, coalesce(matched, 0) AS matched, coalesce(stopped, 0) AS stopped,
      coalesce(deciding, 0) AS "stoppedDeciding", coalesce(granting, 0) AS "stoppedGranting",
      coalesce(days, array_fill(0, ARRAY[${days}::int])) AS days, coalesce(people, '[]') AS people,
      coalesce(others, 0) AS others
    FROM submitted FULL JOIN later USING (name) ORDER BY matched DESC, name LIMIT ${mostGuardrails}`
}
