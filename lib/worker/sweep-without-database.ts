// The second line of defence: objects that have expired by their own annotation are deleted even while the database is
// unavailable. It needs the cluster and nothing else. The deletions are recorded once the database is back.

import type { ClusterClient } from '#lib/adapters/cluster/client'
import { deleteExactly } from '#lib/adapters/cluster/objects'
import { withConcurrency } from '#lib/adapters/cluster/with-concurrency'
import { recordOverdueRemoval } from '#lib/adapters/db/grants/record-overdue-removal'
import type { ObservedObject } from '#lib/core/grants/observed'
import { overdue } from '#lib/core/grants/sweep-plan'
import { log } from '#lib/observability/log'
import { recordLater } from './record-later.ts'

/**
 * Deletes objects that have expired by their own annotation and this process's clock, bindings first, each whatever becomes
 * of the others. Returns how many.
 */
export async function removeOverdue(
  client: ClusterClient,
  cluster: string,
  observed: readonly ObservedObject[],
): Promise<number> {
  let count = 0
  await withConcurrency(8, overdue(observed, new Date()), async (object) => {
    const { kind, namespace, name, uid, grantId, expiresAt } = object
    try {
      if (!(await deleteExactly(client, object))) return
    } catch (error) {
      log.warn({ cluster, kind, namespace, name, err: error }, 'an expired object cannot be deleted')
      return
    }
    const removal = { cluster, kind, namespace, name, uid, grantId }
    const times = { expiresAt: expiresAt as Date, removedAt: new Date() }
    recordLater((actor) => recordOverdueRemoval(actor, { ...removal, ...times }))
    log.warn({ cluster, kind, namespace, name }, 'expired object deleted without the database')
    count++
  })
  return count
}
