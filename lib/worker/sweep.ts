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

/** Strays whose finding, removal and outcome are three steps together: after a crash no more than these are done twice. */
const strayBatch = 50

const findingOf = (cluster: string, { object, grantId, why }: Stray): ObservedFinding => ({
  kind: 'object-stray',
  cluster,
  grantId,
  object,
  sentence: `${keyText(object)} may not be there: ${why}.`,
  about: { cluster, namespaces: [object.namespace], ...(grantId ? { grantId } : {}) },
})

/** Removes what may not be there. Each is on record before it is touched, and so is what came of it. */
async function removeStrays(client: ClusterClient, cluster: string, actor: SystemActor, strays: readonly Stray[]) {
  // Two sweeps at once (a new configuration has every replica sweep) see the same.
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
      await recordEvents(tx, [{ type: 'grant.stray-removed', actor, data, about: finding.about }])
    })
  })
}

/**
 * Compares a cluster with the rows, both ways (promise 8): removes everything with this Postern's labels that belongs to no
 * live grant, has every live grant looked at of which something is missing or not as it was made, and ends those whose
 * holder may not have them any more. Skips it when another worker swept within `seconds`; 0 is always. While the database does not answer, what is over by its own
 * annotation is removed all the same (promise 9). Returns how many were removed.
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
    // NB: read after the cluster was: names are committed before objects are made, so what is not here is nobody's.
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
