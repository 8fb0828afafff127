import type { ClusterClient } from '#lib/adapters/cluster/client'
import { listOurs } from '#lib/adapters/cluster/objects'
import { underReference } from '#lib/adapters/cluster/reference'
import { claimSweep, saveSweepCompleted } from '#lib/adapters/db/clusters/save-cluster-state'
import { reopenEnd } from '#lib/adapters/db/grants/grant-progress'
import { grantsForSweep, makeDue } from '#lib/adapters/db/grants/grants-for-sweep'
import { forgedEnds, type Proof, proveGrants } from '#lib/adapters/db/grants/prove-grants'
import type { Configuration } from '#lib/adapters/policy/configuration'
import type { SystemActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { instanceOf } from '#lib/core/grants/names'
import type { ObservedObject } from '#lib/core/grants/observed'
import { planSweep, questionable } from '#lib/core/grants/sweep-plan'
import { log } from '#lib/observability/log'
import { inSpan } from '#lib/observability/traces'
import { clientFor } from './clusters.ts'
import { deleteStrays } from './delete-strays.ts'
import { endIneligible } from './eligibility.ts'
import { recordWaiting } from './record-later.ts'
import { removeOverdue } from './sweep-without-database.ts'
import { workerActor } from './work.ts'

/**
 * Compares a cluster with the database, in both directions (promise 8): deletes every object with this Postern's labels that
 * has no live grant, has every active grant inspected whose objects are missing or changed, ends grants whose holder is no
 * longer eligible, and ends again those whose recorded end no worker signed. Skips it if another worker swept within
 * `seconds`; 0 never skips. Nothing in the database keeps objects from being deleted that have expired by their own
 * annotation (promise 9). Returns how many were deleted.
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

/** Milliseconds after which this process sweeps a cluster itself, whatever the database says about other workers. */
const longestRestMs = 60_000
/** When this process last swept each cluster, or first could have. */
const sweptAt = new Map<string, number>()

/** NB: the row that says whose turn it is can be written by anyone who can write to the database. */
async function isOurTurn(name: string, seconds: number): Promise<boolean> {
  const now = performance.now()
  const since = now - (sweptAt.get(name) ?? now)
  const isOurs = seconds === 0 || since > longestRestMs || (await claimSweep(name, seconds).catch(() => true))
  if (isOurs || !sweptAt.has(name)) sweptAt.set(name, now)
  return isOurs
}

async function sweep(configuration: Configuration, name: string, seconds: number, actor: SystemActor): Promise<number> {
  const client = await clientFor(configuration, name)
  if (!(await isOurTurn(name, seconds))) return 0
  const began = performance.now()
  const observed = await listOurs(client, instanceOf(configuration.publicUrl))
  const compared = await compare(name, observed, began).catch((error: unknown) => {
    log.warn({ cluster: name, err: error }, 'swept without the database')
    return error instanceof AppError && error.code === 'unavailable' ? null : { error }
  })
  if (!compared || 'error' in compared) {
    const count = await removeOverdue(client, name, observed)
    if (compared) throw compared.error
    return count
  }
  return act(client, name, actor, compared)
}

/** Compares what was observed with the database. What contradicts it is decided by signatures. */
async function compare(name: string, observed: readonly ObservedObject[], began: number) {
  const ids = [...new Set(observed.flatMap(({ grantId }) => grantId ?? []))]
  // NB: read after the cluster: names are committed before objects are created, so an object without a row is a stray.
  const { now, known } = await grantsForSweep(name, ids, (performance.now() - began) / 1000)
  const proven = await proveGrants(questionable(observed, known, now))
  return { ...planSweep(observed, { cluster: name, now, known, proven }), proven }
}

type Compared = Awaited<ReturnType<typeof compare>>

/** Deletes first. Each step is taken even if another one fails; the first failure is thrown afterwards. */
async function act(client: ClusterClient, name: string, actor: SystemActor, { strays, toInspect, proven }: Compared) {
  let count: number | undefined
  const steps = [
    async () => {
      count = await deleteStrays(client, name, actor, strays, proven)
    },
    () => recordWaiting(actor),
    () => makeDue(toInspect),
    () => reopenForgedEnds(name, [...proven.values()]),
    () => endIneligible(name),
    async () => {
      if (count !== undefined) await saveSweepCompleted(name)
    },
  ]
  const failures: unknown[] = []
  for (const step of steps) await step().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
  return count ?? 0
}

/** Seconds of ends that a worker verifies when it starts. */
const firstVerified = 24 * 60 * 60
/** Seconds that two verifications overlap: an end may be dated up to a minute back. */
const overlap = 120
/** When this process last verified the recorded ends of each cluster. */
const verifiedAt = new Map<string, number>()

/** A recorded end that no worker signed is forged: it is rejected, and the access ends again. */
async function reopenForgedEnds(name: string, proven: readonly Proof[]) {
  const now = performance.now()
  const last = verifiedAt.get(name)
  const found = await forgedEnds(name, last === undefined ? firstVerified : (now - last) / 1000 + overlap)
  verifiedAt.set(name, now)
  const forged = new Map([...found, ...proven].map((proof) => [proof.grant.id, proof]))
  for (const { grant, forgedEnd } of forged.values()) {
    if (!forgedEnd) continue
    const { id, requestId, requesterId, entitlementName, cluster, namespaces, policyHash, now } = grant
    const about = { requestId, grantId: id, personId: requesterId, cluster, namespaces, policyHash }
    const writing = { id, requestId, requesterId, entitlementName, cluster, actor: workerActor(), about }
    try {
      await reopenEnd(writing, forgedEnd, now)
    } catch (error) {
      // Another worker reopened it at this moment.
      if (!(error instanceof AppError && error.code === 'conflict')) throw error
    }
  }
}
