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
import { makeAll, Refused } from './create-access.ts'
import { probeAllowed } from './probe.ts'
import { manifestsOf, type Work } from './work.ts'

/**
 * After so many repairs somebody, or some other tool, will not leave it alone: access that flickers is not what was
 * approved, and whoever does it is not stopped by us.
 */
const mostRepairs = 10

/** A live grant is not as it was approved, and cannot be put right: it has to end, which is better than wrong. */
export class NotRepairable extends Error {
  constructor(sentence: string) {
    super(sentence)
    this.name = 'NotRepairable'
  }
}

/** What was found is committed before anything is done about it. */
async function record({ grant, writing }: Work, faults: readonly Fault[]) {
  const { cluster, id: grantId } = grant
  const found = faults.map((fault) => ({ ...fault, cluster, grantId, about: writing.about }))
  await transaction((tx) => saveFindings(tx, writing.actor, found))
}

/** Where a grant was made before these were kept: what it is found to be is what it was made as. */
async function rememberPrints({ grant, writing }: Work, seen: readonly ObservedObject[]) {
  if (grant.objects.every(({ fingerprint }) => fingerprint)) return
  await saveFingerprints(writing, seen)
}

/** A namespace that is gone takes nothing back; one that came back under the same name gets what was approved for it. */
async function requireNamespaces(work: Work, manifests: readonly Manifest[]) {
  const wanted = [...new Set(manifests.map(({ metadata }) => metadata.namespace))]
  const there = new Set((await readNamespaces(await work.client(), wanted)).map(({ name }) => name))
  const gone = wanted.filter((name) => !there.has(name))
  if (gone.length === 0) return
  const sentence =
    gone.length === 1
      ? `The namespace ${gone[0]} no longer exists, and the access in it is gone.`
      : `The namespaces ${gone.join(', ')} no longer exist, and the access in them is gone.`
  throw new NotRepairable(sentence)
}

async function removeExactly(work: Work, objects: readonly Removal[], removed: RemovedRow[]) {
  const client = await work.client()
  for (const object of objects) {
    work.signal.throwIfAborted()
    if (await deleteExactly(client, object)) removed.push({ ...object, alreadyGone: false })
  }
}

async function putRight(
  work: Work,
  { unbind, remove, create, bind }: Repair & { do: 'repair' },
  removed: RemovedRow[],
) {
  try {
    await removeExactly(work, unbind, removed)
    await removeExactly(work, remove, removed)
    await makeAll(work, create)
    await makeAll(work, bind)
  } catch (error) {
    // Told here, because whoever goes on does not know it.
    await recordRemoved(work.writing, removed.splice(0))
    if (error instanceof ClusterError && error.kind !== 'transient') throw new NotRepairable(error.message)
    throw error
  }
}

/**
 * Sees that a live grant is in the cluster exactly as it was approved, and puts right what is not. Then the lease is
 * given back until `until`.
 * @throws NotRepairable when access has to end instead
 */
export async function inspect(work: Work, worker: string, until: Date): Promise<void> {
  const { grant, writing } = work
  const manifests = manifestsOf(work)
  const client = await work.client()
  const seen = await readObjects(client, manifests.map(keyOf))
  const repair = planRepair(manifests, grant.objects, seen)
  const removed: RemovedRow[] = []
  if (repair.do === 'nothing') await rememberPrints(work, seen)
  else {
    await record(work, repair.faults)
    if (repair.do === 'end') throw new NotRepairable(repair.sentence)
    const refusal = whyNotAsApproved(grant)
    if (refusal) throw new Refused(refusal)
    await requireNamespaces(work, manifests)
    if ((await countRepairs(grant.id)) >= mostRepairs) {
      throw new NotRepairable('What it consists of was changed in the cluster again and again.')
    }
    await putRight(work, repair, removed)
  }
  // An earlier attempt may have put everything right without being able to prove it.
  if (repair.do === 'repair' || grant.attempts > 0) await probeAllowed(client, grant, work.clock, work.signal)
  await saveInspected(writing, worker, { removed, created: work.unsaved, until })
  work.note({ what: 'created-saved' })
}
