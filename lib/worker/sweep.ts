import type { SystemActor } from '#lib/access/actor'
import { deleteExactly, listOurs } from '#lib/cluster/objects'
import { underReference } from '#lib/cluster/reference'
import { recordEvents } from '#lib/db/audit'
import { transaction } from '#lib/db/client'
import { knownGrants } from '#lib/db/known-grants'
import { saveSwept, takeSweep } from '#lib/db/save-cluster-state'
import { grantOf, instanceOf } from '#lib/grants/names'
import { findStrays } from '#lib/grants/strays'
import { log } from '#lib/log'
import type { Configuration } from '#lib/policy/configuration'
import { clientFor } from './clusters.ts'
import { workerActor } from './work.ts'

/**
 * Finds everything in a cluster that carries this Postern's labels and removes what belongs to no live grant (promise 8): left
 * by a crash, by a restored backup, or made by hand. Skips it when another worker swept within `seconds`; 0 is always.
 * Returns how many were removed.
 * @throws ClusterError
 */
export async function sweepCluster(configuration: Configuration, name: string, seconds: number): Promise<number> {
  if (seconds > 0 && !(await takeSweep(name, seconds))) return 0
  const actor = workerActor()
  const removed = await underReference(actor.origin.reference, () => removeStrays(configuration, name, actor))
  await saveSwept(name)
  return removed
}

async function removeStrays(configuration: Configuration, name: string, actor: SystemActor): Promise<number> {
  const client = await clientFor(configuration, name)
  const observed = await listOurs(client, instanceOf(configuration.publicUrl))
  if (observed.length === 0) return 0
  // NB: read after the cluster was: names are committed before objects are made, so what is not here is nobody's.
  const known = await knownGrants([...new Set(observed.flatMap(({ labels }) => grantOf(labels) ?? []))])
  const strays = findStrays(observed, known, name)
  for (const { object, why } of strays) {
    await deleteExactly(client, object)
    const { kind, namespace, uid } = object
    log.warn(
      { reference: actor.origin.reference, cluster: name, kind, namespace, name: object.name, why },
      'stray removed',
    )
    const grantId = grantOf(object.labels)
    await transaction((tx) =>
      recordEvents(tx, [
        {
          type: 'grant.stray-removed',
          actor,
          data: { kind, namespace, name: object.name, uid, why },
          about: { cluster: name, namespaces: [namespace], ...(grantId && known.has(grantId) ? { grantId } : {}) },
        },
      ]),
    )
  }
  return strays.length
}
