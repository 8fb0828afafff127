import type { ClusterClient } from '#lib/adapters/cluster/client'
import { deleteExactly, listOurs } from '#lib/adapters/cluster/objects'
import { underReference } from '#lib/adapters/cluster/reference'
import { withConcurrency } from '#lib/adapters/cluster/with-concurrency'
import { recordEvents } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import {
  type ObservedFinding,
  recentlyResolved,
  resolveFindings,
  saveFindings,
} from '#lib/adapters/db/clusters/findings'
import { claimSweep, saveSweepCompleted } from '#lib/adapters/db/clusters/save-cluster-state'
import { grantsForSweep, makeDue } from '#lib/adapters/db/grants/grants-for-sweep'
import type { Configuration } from '#lib/adapters/policy/configuration'
import type { SystemActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { keyText } from '#lib/core/grants/manifests'
import { instanceOf } from '#lib/core/grants/names'
import { planSweep, type Stray } from '#lib/core/grants/sweep-plan'
import { log } from '#lib/observability/log'
import { inSpan } from '#lib/observability/traces'
import { clientFor } from './clusters.ts'
import { endIneligible } from './eligibility.ts'
import { recordOverdue, removeOverdue } from './sweep-without-database.ts'
import { workerActor } from './work.ts'

/** Strays that are recorded, deleted and resolved together: after a crash at most these are handled twice. */
const strayBatch = 50

const findingOf = (cluster: string, { object, grantId, why }: Stray): ObservedFinding => ({
  kind: 'object-stray',
  cluster,
  grantId,
  object,
  sentence: `${keyText(object)} should not exist: ${why}.`,
  about: { cluster, namespaces: [object.namespace], ...(grantId ? { grantId } : {}) },
})

/** Deletes strays. Each is recorded before it is touched, and its outcome afterwards. */
async function removeStrays(client: ClusterClient, cluster: string, actor: SystemActor, strays: readonly Stray[]) {
  // Two sweeps at the same time find the same strays: a new configuration makes every replica sweep.
  const done = await recentlyResolved(
    cluster,
    strays.map(({ object }) => object.uid),
  )
  const left = strays.filter(({ object }) => !done.has(object.uid))
  const found = left.map((stray) => ({ stray, finding: findingOf(cluster, stray) }))
  await transaction((tx) =>
    saveFindings(
      tx,
      actor,
      found.map(({ finding }) => finding),
    ),
  )
  await withConcurrency(8, found, async ({ stray: { object, why }, finding }) => {
    const { kind, namespace, name, uid } = object
    const isRemoved = await deleteExactly(client, object)
    log.warn({ reference: actor.origin.reference, cluster, kind, namespace, name, why }, 'stray removed')
    await transaction(async (tx) => {
      await resolveFindings(tx, [finding], isRemoved ? 'removed' : 'gone')
      if (!isRemoved) return
      const data = { kind, namespace, name, uid, why }
      await recordEvents(tx, [{ type: 'grant.stray-deleted', actor, data, about: finding.about }])
    })
  })
}

/**
 * Compares a cluster with the database, in both directions (promise 8): deletes every object with this Postern's labels that
 * has no live grant, has every active grant inspected whose objects are missing or changed, and ends grants whose holder is
 * no longer eligible. Skips it if another worker swept within `seconds`; 0 never skips. While the database is unavailable,
 * objects that have expired by their own annotation are deleted all the same (promise 9). Returns how many were deleted.
 * @throws ClusterError
 */
export async function sweepCluster(configuration: Configuration, name: string, seconds: number): Promise<number> {
  const actor = workerActor()
  const { reference } = actor.origin
  const attributes = { 'postern.reference': reference, 'k8s.cluster.name': name }
  return inSpan('sweep cluster', { kind: 'root', attributes }, () =>
    underReference(reference, () => sweep(configuration, name, seconds, actor)),
  )
}

async function sweep(configuration: Configuration, name: string, seconds: number, actor: SystemActor): Promise<number> {
  const client = await clientFor(configuration, name)
  const instance = instanceOf(configuration.publicUrl)
  try {
    if (seconds > 0 && !(await claimSweep(name, seconds))) return 0
    await recordOverdue(actor)
    const began = performance.now()
    const observed = await listOurs(client, instance)
    // NB: read after the cluster: names are committed before objects are created, so an object without a row is a stray.
    const ids = [...new Set(observed.flatMap(({ grantId }) => grantId ?? []))]
    const known = await grantsForSweep(name, ids, (performance.now() - began) / 1000)
    const { strays, toInspect } = planSweep(observed, known, name)
    await makeDue(toInspect)
    await endIneligible(name)
    for (let from = 0; from < strays.length; from += strayBatch) {
      await removeStrays(client, name, actor, strays.slice(from, from + strayBatch))
    }
    await saveSweepCompleted(name)
    return strays.length
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'unavailable')) throw error
    log.warn({ cluster: name, err: error }, 'swept without the database')
    return removeOverdue(client, name, await listOurs(client, instance))
  }
}
