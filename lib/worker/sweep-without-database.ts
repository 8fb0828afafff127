// The second line of defence: what an object's own annotation says is over goes, although the database does not answer.
// It needs the cluster and nothing else. What it did is told to the database as soon as that is back.

import type { ClusterClient } from '#lib/adapters/cluster/client'
import { deleteExactly } from '#lib/adapters/cluster/objects'
import { type OverdueRemoval, recordOverdueRemoval } from '#lib/adapters/db/grants/record-overdue-removal'
import type { SystemActor } from '#lib/core/access/actor'
import type { ObservedObject } from '#lib/core/grants/observed'
import { overdue } from '#lib/core/grants/sweep-plan'
import { log } from '#lib/observability/log'

/** NB: lost when this process dies; then the end of the grant finds them gone and says so. */
const unrecorded: OverdueRemoval[] = []

/**
 * Removes what is over by its own annotation, by this process's clock, bindings first. Returns how many were removed.
 * @throws ClusterError
 */
export async function removeOverdue(
  client: ClusterClient,
  cluster: string,
  observed: readonly ObservedObject[],
): Promise<number> {
  let count = 0
  for (const object of overdue(observed, new Date())) {
    if (!(await deleteExactly(client, object))) continue
    const { kind, namespace, name, uid, grantId, expiresAt } = object
    unrecorded.push({
      cluster,
      kind,
      namespace,
      name,
      uid,
      grantId,
      expiresAt: expiresAt as Date,
      removedAt: new Date(),
    })
    log.warn({ cluster, kind, namespace, name }, 'removed without the database: its time was over')
    count++
  }
  return count
}

/** Tells the database what was removed without it. What cannot be told stays for the next time. */
export async function recordOverdue(actor: SystemActor): Promise<void> {
  for (let next = unrecorded[0]; next; next = unrecorded[0]) {
    await recordOverdueRemoval(actor, next)
    unrecorded.shift()
  }
}
