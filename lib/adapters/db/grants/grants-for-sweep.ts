import { db } from '#lib/adapters/db/client'
import type { GrantStatus } from '#lib/core/access/status'
import type { ObjectKind } from '#lib/core/grants/manifests'
import type { KnownGrants } from '#lib/core/grants/sweep-plan'

type Row = [
  id: string,
  status: GrantStatus,
  cluster: string,
  isOverdue: boolean,
  isNew: boolean,
  objects: Array<[kind: ObjectKind, namespace: string, name: string, uid: string | null, fingerprint: string | null]>,
]

/** Seconds after its end from which on a grant counts as overdue. Ending it takes a few, and retries up to thirty. */
const overdueAfter = 120

/**
 * The stored state of all grants of a cluster that have not ended, and of those with these ids; unknown ids are left
 * out. `now` is the database's time.
 *
 * NB: two minutes after it should have ended a grant is overdue, and the sweep deletes its objects whoever holds the
 * lease: someone with write access to the database could renew a lease forever.
 * @param seconds how long ago the sweep began to read the cluster
 */
export async function grantsForSweep(
  cluster: string,
  ids: readonly string[],
  seconds: number,
): Promise<{ now: Date; known: KnownGrants }> {
  // One row with one value, because the client is slow per value, and there are tens of thousands.
  const [answer] = await db().$queryRaw<Array<{ now: Date; rows: Row[] }>>`
    SELECT now() AS now, coalesce(jsonb_agg(jsonb_build_array(g.id, g.status, g.cluster,
        coalesce(least(g.expires_at, g.ending_at) < now() - make_interval(secs => ${overdueAfter}), false),
        coalesce(g.activated_at BETWEEN now() - make_interval(secs => ${seconds}) AND now(), false),
        (SELECT coalesce(jsonb_agg(jsonb_build_array(o.kind, o.namespace, o.name, o.uid, o.fingerprint)), '[]')
          FROM grant_objects o WHERE o.grant_id = g.id))), '[]') AS rows
    FROM grants g
    WHERE (g.next_attempt_at IS NOT NULL AND g.cluster = ${cluster}) OR g.id = ANY(${[...ids]}::text[])`
  if (!answer) throw new Error('an aggregate returned no row')
  const known: KnownGrants = new Map(
    answer.rows.map(([id, status, cluster, isOverdue, isNew, objects]) => [
      id,
      {
        ...{ status, cluster, isOverdue, isNew },
        objects: objects.map(([kind, namespace, name, uid, fingerprint]) => {
          return { kind, namespace, name, uid, fingerprint }
        }),
      },
    ]),
  )
  return { now: answer.now, known }
}

/**
 * Makes these active grants due, so that a worker inspects them now. A grant that has failed meanwhile keeps its
 * backoff.
 */
export async function makeDue(ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await db().$executeRaw`
    WITH due AS (
      UPDATE grants SET next_attempt_at = now()
      WHERE id = ANY(${[...ids]}::text[]) AND status = 'active' AND attempts = 0 AND next_attempt_at > now()
      RETURNING id)
    SELECT pg_notify('postern_grant', id) FROM due`
}
