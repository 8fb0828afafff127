import type { ClusterClient } from '#lib/adapters/cluster/client'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { deleteExactly } from '#lib/adapters/cluster/objects'
import { withConcurrency } from '#lib/adapters/cluster/with-concurrency'
import { recordEvents } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import {
  explainFinding,
  type ObservedFinding,
  recentlyResolved,
  resolveFindings,
  saveFindings,
} from '#lib/adapters/db/clusters/findings'
import type { Proof } from '#lib/adapters/db/grants/prove-grants'
import type { SystemActor } from '#lib/core/access/actor'
import { keyText } from '#lib/core/grants/manifests'
import type { Stray } from '#lib/core/grants/sweep-plan'
import { log } from '#lib/observability/log'
import { recordLater } from './record-later.ts'

/** Strays that are recorded, deleted and resolved together: after a crash at most these are handled twice. */
const batchSize = 50

type Found = Stray & { finding: ObservedFinding }

function findingOf(cluster: string, { object, grantId, why }: Stray, proof: Proof | undefined): ObservedFinding {
  const { requestId, requesterId: personId, policyHash, namespaces } = proof?.grant ?? {}
  const ofRequest = requestId && personId && policyHash ? { requestId, personId, policyHash } : {}
  const about = { cluster, namespaces: namespaces ?? [object.namespace], ...(grantId ? { grantId, ...ofRequest } : {}) }
  return {
    ...{ kind: 'object-stray', cluster, grantId, object, about },
    sentence: `${keyText(object)} should not exist: ${why}.`,
  }
}

/** Records the findings that another sweep has not just recorded: a new configuration makes every replica sweep. */
async function recordFound(cluster: string, actor: SystemActor, found: readonly Found[]) {
  const done = await recentlyResolved(
    cluster,
    found.map(({ object }) => object.uid),
  )
  const fresh = found.flatMap(({ object, finding }) => (done.has(object.uid) ? [] : [finding]))
  await transaction((tx) => saveFindings(tx, actor, fresh))
}

/** `gone`: someone else deleted it. Otherwise why it is still there. */
type Outcome = 'deleted' | 'gone' | ClusterError

async function deleteStray(client: ClusterClient, { object }: Found): Promise<Outcome> {
  try {
    return (await deleteExactly(client, object)) ? 'deleted' : 'gone'
  } catch (error) {
    if (error instanceof ClusterError) return error
    throw error
  }
}

const whyNot = ({ kind, message }: ClusterError) => (kind === 'held' ? message : `Postern can’t delete it: ${message}`)

const isUnanswered = (outcome: Outcome) =>
  outcome instanceof ClusterError && outcome.kind === 'transient' && outcome.status === undefined

async function recordOutcome(actor: SystemActor, { object, why, finding }: Found, outcome: Outcome) {
  await transaction(async (tx) => {
    if (outcome instanceof ClusterError) return explainFinding(tx, finding, whyNot(outcome))
    await resolveFindings(tx, [finding], outcome === 'deleted' ? 'removed' : 'gone')
    if (outcome !== 'deleted') return
    const { kind, namespace, name, uid } = object
    const data = { kind, namespace, name, uid, why }
    await recordEvents(tx, [{ type: 'grant.stray-deleted', actor, data, about: finding.about }])
  })
}

/**
 * Deletes strays, each whatever becomes of the others. Each is recorded before it is touched, and its outcome afterwards;
 * but if the database does not take that, they are deleted all the same, and it is recorded later. Returns how many were
 * deleted.
 * @throws ClusterError if the cluster stops responding
 */
export async function deleteStrays(
  client: ClusterClient,
  cluster: string,
  actor: SystemActor,
  strays: readonly Stray[],
  proofs: ReadonlyMap<string, Proof>,
): Promise<number> {
  let count = 0
  let isRecording = true
  /** After one failure nothing waits for the database again. */
  const record = async (recording: (actor: SystemActor) => Promise<void>) => {
    if (!isRecording) return recordLater(recording)
    try {
      await recording(actor)
    } catch (error) {
      log.warn({ cluster, err: error }, 'strays are deleted without recording it first')
      isRecording = false
      recordLater(recording)
    }
  }
  for (let from = 0; from < strays.length; from += batchSize) {
    const found = strays.slice(from, from + batchSize).map((stray): Found => {
      const proof = stray.grantId ? proofs.get(stray.grantId) : undefined
      return { ...stray, finding: findingOf(cluster, stray, proof) }
    })
    await record((actor) => recordFound(cluster, actor, found))
    const outcomes = await withConcurrency(8, found, async (one) => {
      const outcome = await deleteStray(client, one)
      if (outcome === 'deleted') count++
      const { kind, namespace, name } = one.object
      const err = outcome instanceof ClusterError ? outcome : undefined
      const what = { reference: actor.origin.reference, cluster, kind, namespace, name, why: one.why, err }
      log.warn(what, err ? 'a stray object cannot be deleted' : 'stray object deleted')
      await record((actor) => recordOutcome(actor, one, outcome))
      return outcome
    })
    // The cluster stopped responding: the next sweep goes on.
    const [first] = outcomes
    if (first instanceof ClusterError && outcomes.every(isUnanswered)) throw first
  }
  return count
}
