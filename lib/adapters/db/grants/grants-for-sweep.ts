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
  objects: Array<[kind: ObjectKind, namespace: string, name: string, uid: string | null, print: string | null]>,
]

/**
 * NB: an end is late by itself after some seconds; after five minutes nobody carries it out. Then the sweep does, without
 * asking whose turn it is: a lease can be renewed for ever by whoever writes to the database.
 *
 * What is on record about the grants of this cluster that have not ended, and about those with these ids. Ids that are
 * nobody's are left out.
 * @param seconds how long ago the cluster was first asked
 */
export async function grantsForSweep(cluster: string, ids: readonly string[], seconds: number): Promise<KnownGrants> {
  // One row of one value: the client takes its time over each value of each row, and here are tens of thousands.
  const [answer] = await db().$queryRaw<Array<{ rows: Row[] }>>`
    SELECT coalesce(jsonb_agg(jsonb_build_array(g.id, g.status, g.cluster,
        coalesce(g.expires_at < now() - interval '5 minutes', false),
        coalesce(g.activated_at BETWEEN now() - make_interval(secs => ${seconds}) AND now(), false),
        (SELECT coalesce(jsonb_agg(jsonb_build_array(o.kind, o.namespace, o.name, o.uid, o.fingerprint)), '[]')
          FROM grant_objects o WHERE o.grant_id = g.id))), '[]') AS rows
    FROM grants g
    WHERE (g.next_attempt_at IS NOT NULL AND g.cluster = ${cluster}) OR g.id = ANY(${[...ids]}::text[])`
  return new Map(
    (answer?.rows ?? []).map(([id, status, cluster, isOverdue, isNew, objects]) => [
      id,
      {
        ...{ status, cluster, isOverdue, isNew },
        objects: objects.map(([kind, namespace, name, uid, fingerprint]) => {
          return { kind, namespace, name, uid, fingerprint }
        }),
      },
    ]),
  )
}

/**
 * Has these active grants looked at now, by whoever is free. One that failed meanwhile waits as long as its cluster was
 * given.
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
