// The second line of defence: objects that have expired by their own annotation are deleted even while the database is
// unavailable. It needs the cluster and nothing else. The deletions are recorded once the database is back.

import type { ClusterClient } from '#lib/adapters/cluster/client'
import { deleteExactly } from '#lib/adapters/cluster/objects'
import { type OverdueRemoval, recordOverdueRemoval } from '#lib/adapters/db/grants/record-overdue-removal'
import type { SystemActor } from '#lib/core/access/actor'
import type { ObservedObject } from '#lib/core/grants/observed'
import { overdue } from '#lib/core/grants/sweep-plan'
import { log } from '#lib/observability/log'

/** NB: lost if this process ends; then the end of the grant records that the objects were already gone. */
const unrecorded: OverdueRemoval[] = []

/**
 * Deletes objects that have expired by their own annotation and this process's clock, bindings first. Returns how many.
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
    log.warn({ cluster, kind, namespace, name }, 'expired object deleted without the database')
    count++
  }
  return count
}

/** Records the deletions that were made without the database. Those that fail stay for the next time. */
export async function recordOverdue(actor: SystemActor): Promise<void> {
  for (let next = unrecorded[0]; next; next = unrecorded[0]) {
    await recordOverdueRemoval(actor, next)
    unrecorded.shift()
  }
}
