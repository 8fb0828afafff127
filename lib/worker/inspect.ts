import { ClusterError } from '#lib/adapters/cluster/errors'
import { deleteExactly, readObjects } from '#lib/adapters/cluster/objects'
import { readNamespaces } from '#lib/adapters/cluster/read-cluster'
import { transaction } from '#lib/adapters/db/client'
import { countRepairs, saveFindings } from '#lib/adapters/db/clusters/findings'
import { type RemovedRow, recordRemoved, saveFingerprints, saveInspected } from '#lib/adapters/db/grants/grant-progress'
import { keyOf, type Manifest } from '#lib/core/grants/manifests'
import { whyNotAsApproved } from '#lib/core/grants/may-begin'
import type { ObservedObject } from '#lib/core/grants/observed'
import { type Fault, planRepair, type Removal, type Repair } from '#lib/core/grants/repair'
import { createAll, Refused } from './create-access.ts'
import { probeAllowed } from './probe.ts'
import { manifestsOf, type Work } from './work.ts'

/**
 * After this many repairs a person or another tool keeps changing the objects. Access that flickers is not what was
 * approved, so the grant ends.
 */
const mostRepairs = 10

/** An active grant differs from what was approved and can't be repaired, so it must end. */
export class NotRepairable extends Error {
  constructor(sentence: string) {
    super(sentence)
    this.name = 'NotRepairable'
  }
}

/** Findings are committed before anything is repaired. */
async function record({ grant, writing }: Work, faults: readonly Fault[]) {
  const { cluster, id: grantId } = grant
  const found = faults.map((fault) => ({ ...fault, cluster, grantId, about: writing.about }))
  await transaction((tx) => saveFindings(tx, writing.actor, found))
}

/** A grant from before fingerprints were stored gets them now, from its unchanged objects. */
async function storeFingerprints({ grant, writing }: Work, observed: readonly ObservedObject[]) {
  if (grant.objects.every(({ fingerprint }) => fingerprint)) return
  await saveFingerprints(writing, observed)
}

/** A grant ends if one of its namespaces is gone. A namespace that was created again gets its objects back. */
async function requireNamespaces(work: Work, manifests: readonly Manifest[]) {
  const needed = [...new Set(manifests.map(({ metadata }) => metadata.namespace))]
  const existing = new Set((await readNamespaces(await work.client(), needed)).map(({ name }) => name))
  const gone = needed.filter((name) => !existing.has(name))
  if (gone.length === 0) return
  const sentence =
    gone.length === 1
      ? `The namespace ${gone[0]} no longer exists, and the access in it is gone.`
      : `The namespaces ${gone.join(', ')} no longer exist, and the access in them is gone.`
  throw new NotRepairable(sentence)
}

async function deleteEach(work: Work, objects: readonly Removal[], removed: RemovedRow[]) {
  const client = await work.client()
  for (const object of objects) {
    work.signal.throwIfAborted()
    if (await deleteExactly(client, object)) removed.push({ ...object, alreadyGone: false })
  }
}

async function repairObjects(
  work: Work,
  { unbind, remove, create, bind }: Repair & { do: 'repair' },
  removed: RemovedRow[],
) {
  try {
    await deleteEach(work, unbind, removed)
    await deleteEach(work, remove, removed)
    await createAll(work, create)
    await createAll(work, bind)
  } catch (error) {
    // Recorded here, because the next attempt does not know about it.
    await recordRemoved(work.writing, removed.splice(0))
    if (error instanceof ClusterError && error.kind !== 'transient') throw new NotRepairable(error.message)
    throw error
  }
}

/**
 * Makes sure that the objects of an active grant are exactly those that were approved, and repairs the others. Then the
 * lease is released until `until`.
 * @throws NotRepairable if the access must end instead
 */
export async function inspect(work: Work, worker: string, until: Date): Promise<void> {
  const { grant, writing } = work
  const manifests = manifestsOf(work)
  const client = await work.client()
  const observed = await readObjects(client, manifests.map(keyOf))
  const repair = planRepair(manifests, grant.objects, observed)
  const removed: RemovedRow[] = []
  if (repair.do === 'nothing') await storeFingerprints(work, observed)
  else {
    await record(work, repair.faults)
    if (repair.do === 'end') throw new NotRepairable(repair.sentence)
    const refusal = whyNotAsApproved(grant)
    if (refusal) throw new Refused(refusal)
    await requireNamespaces(work, manifests)
    if ((await countRepairs(grant.id)) >= mostRepairs) {
      throw new NotRepairable('Its objects were changed in the cluster again and again.')
    }
    await repairObjects(work, repair, removed)
  }
  // An earlier attempt may have repaired everything and failed before its probe.
  if (repair.do === 'repair' || grant.attempts > 0) await probeAllowed(client, work)
  await saveInspected(writing, worker, { removed, created: work.unsaved, until })
  work.note({ what: 'created-saved' })
}
