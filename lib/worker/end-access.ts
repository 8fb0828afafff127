import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterClient } from '#lib/adapters/cluster/client'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { confirmGone, deleteObject } from '#lib/adapters/cluster/objects'
import { withConcurrency } from '#lib/adapters/cluster/with-concurrency'
import { type RemovedRow, saveEnded, saveEnding, saveRemoved } from '#lib/adapters/db/grants/grant-progress'
import type { Probes } from '#lib/core/access/probe-resource'
import { keyText, type ObjectKey } from '#lib/core/grants/manifests'
import type { Refusal } from '#lib/core/grants/may-begin'
import type { EndAccess, RecordedObject } from '#lib/core/grants/plan'
import { acceptedSeconds, supersededSeconds, tokenCacheSeconds } from '#lib/core/grants/token-lifetime'
import { metrics, secondsBetween } from '#lib/observability/metrics'
import { probeDenied } from './probe.ts'
import { subjectKindIn, type Work } from './work.ts'

/** Commits that access ends. From here on every reason to end takes the same path. */
export async function beginEnding(
  work: Work,
  { endedBy, code, sentence, stoppedBy, signatureFailure }: Omit<Refusal, 'sentence'> & { sentence: string | null },
) {
  const { grant } = work
  const now = work.clock()
  await saveEnding(work.writing, grant.status, { endedBy, note: sentence, code, stoppedBy, signatureFailure, now })
  work.note({ what: 'ending', at: now, endedBy })
}

/** Simultaneous calls for one grant, so that one with many namespaces leaves room for others. */
const concurrency = 16
/** Milliseconds until the other objects are deleted too, whether or not the calls for the bindings have ended. */
const headStartMs = 1_000

/** The result for each object: what was deleted, or why it could not be. */
type Deletion = { object: RecordedObject; uid: string | null } | { object: RecordedObject; error: unknown }
type Failure = Extract<Deletion, { error: unknown }>

const isFailure = (deletion: Deletion): deletion is Failure => 'error' in deletion

/** Deletes each of these objects, whatever becomes of the others. */
const deleteEach = (client: ClusterClient, grantId: string, objects: readonly RecordedObject[]): Promise<Deletion[]> =>
  withConcurrency(concurrency, objects, async (object) => {
    try {
      return { object, uid: await deleteObject(client, object, grantId, object.uid) }
    } catch (error) {
      return { object, error }
    }
  })

/** Confirms for each that the cluster no longer has it. One that did not exist is confirmed by the call that said so. */
const confirmEach = (client: ClusterClient, grantId: string, deletions: readonly Deletion[]): Promise<Deletion[]> =>
  withConcurrency(concurrency, deletions, async (deletion) => {
    if (isFailure(deletion) || deletion.uid === null) return deletion
    try {
      await confirmGone(client, deletion.object, grantId, deletion.uid)
      return deletion
    } catch (error) {
      return { object: deletion.object, error }
    }
  })

/** The objects that were deleted, for the record. One that is recorded as deleted and was not found is no news. */
const removedRows = (deletions: readonly Deletion[]): RemovedRow[] =>
  deletions.flatMap((deletion): RemovedRow[] => {
    if (isFailure(deletion)) return []
    const { kind, namespace, name, uid, removedAt } = deletion.object
    const key = { kind, namespace, name }
    if (deletion.uid !== null) return [{ ...key, uid: deletion.uid, alreadyGone: false }]
    // It was created but no longer exists: a worker died after deleting it, or someone else deleted it.
    return removedAt ? [] : [{ ...key, uid, alreadyGone: true }]
  })

/** The most objects that the sentence of a failed attempt names. */
const mostNamed = 3

function sentenceOf(object: ObjectKey, error: ClusterError): string {
  // Without a response it is the cluster that failed, not this object; `held` names the object already.
  if (error.status === undefined) return error.message
  const { message } = error
  return `Postern can’t delete ${keyText(object)}: ${/[.!?]$/.test(message) ? message : `${message}.`}`
}

/** Why the access has not ended: each object that is left, and why. Errors of Postern itself come first. */
function whyNotDeleted(failures: readonly Failure[]): unknown {
  const errors: ClusterError[] = []
  for (const { error } of failures) {
    if (!(error instanceof ClusterError)) return error
    errors.push(error)
  }
  const sentences = [...new Set(failures.map(({ object, error }) => sentenceOf(object, error as ClusterError)))]
  const more = sentences.length - mostNamed
  const rest = more > 0 ? [`${more} more ${more === 1 ? 'object is' : 'objects are'} left.`] : []
  const waits = errors.flatMap(({ retryAfterMs }) => retryAfterMs ?? [])
  return new ClusterError('transient', [...sentences.slice(0, mostNamed), ...rest].join(' '), {
    ...(waits.length > 0 ? { retryAfterMs: Math.max(...waits) } : {}),
  })
}

/**
 * Postern refuses the tokens of a grant without a ServiceAccount from the moment in which its end was committed, or soon after its extension.
 * @throws ClusterError while the API server may still accept them from its caches
 */
function requireVouchingOver({ grant, policy, clock }: Work) {
  const cluster = policy.configuration.clusters.find(({ name }) => name === grant.cluster)
  const seconds = acceptedSeconds(grant.endedBy, cluster?.webhookAuthentication?.cacheTtl)
  const endingMs = grant.endingAt ? clock().getTime() - grant.endingAt.getTime() : 0
  const leftMs = seconds * 1000 - endingMs
  if (leftMs <= 0) return
  const sentence = `Every signed-in user of this cluster is allowed some of the same. The access ends once the cluster no longer accepts its tokens, which takes up to ${seconds} seconds.`
  throw new ClusterError('transient', sentence, { retryAfterMs: leftMs })
}

/**
 * What remains allowed to every ServiceAccount remains allowed to the grant's tokens, until the API server no longer
 * accepts them: it caches the answer for some seconds.
 * @throws ClusterError while it may still accept them
 */
function requireTokensRefused(work: Work, deletions: readonly Deletion[], probes: Probes) {
  if (!probes.results.some(({ allowed }) => allowed)) return
  if (subjectKindIn(work) === 'User') return requireVouchingOver(work)
  const account = deletions.find(({ object }) => object.kind === 'ServiceAccount')
  if (!account || isFailure(account)) return
  const { object, uid } = account
  // Never created, so no token was ever issued.
  if (uid === null && object.uid === null) return
  const goneSince = uid === null ? object.removedAt : null
  const goneMs = goneSince ? work.clock().getTime() - goneSince.getTime() : 0
  const leftMs = tokenCacheSeconds * 1000 - goneMs
  if (leftMs <= 0) return
  const sentence = `Every ServiceAccount in this cluster is allowed some of the same. The access ends once the cluster no longer accepts its tokens, which takes up to ${tokenCacheSeconds} seconds.`
  throw new ClusterError('transient', sentence, { retryAfterMs: leftMs })
}

/**
 * The probes that confirm the end.
 * @throws ClusterError naming what is left
 */
function confirmedBy(work: Work, probes: PromiseSettledResult<Probes | null>, deletions: readonly Deletion[]): Probes {
  const failures = deletions.filter(isFailure)
  if (failures.length > 0) throw whyNotDeleted(failures)
  if (probes.status === 'rejected') throw probes.reason
  if (!probes.value) throw new Error('no binding is left, and the cluster was not probed')
  requireTokensRefused(work, deletions, probes.value)
  return probes.value
}

/** Waits until the bindings are deleted, but no longer than their head start: a call that hangs keeps no other. */
async function headStart(unbound: Promise<unknown>) {
  const isOver = new AbortController()
  await Promise.race([unbound, delay(headStartMs, undefined, { signal: isOver.signal }).catch(() => {})])
  isOver.abort()
}

/** Deletes all of them and confirms it. Probes once the bindings are deleted; null if that fails. */
async function deleteAll(work: Work, client: ClusterClient, { bindings, rest }: EndAccess) {
  const { id } = work.grant
  const confirm = (deletions: readonly Deletion[]) => confirmEach(client, id, deletions)
  const unbound = deleteEach(client, id, bindings)
  // The calls for the bindings are sent first. Where no other end waits behind the rest, the rest follows at once.
  if (!work.isOnlyEnd()) await headStart(unbound)
  const probed = unbound.then((deletions) =>
    // While a binding is left, the cluster can't deny the access.
    deletions.some(isFailure) ? null : probeDenied(client, work),
  )
  const [[probes], ...deletions] = await Promise.all([
    Promise.allSettled([probed]),
    unbound.then(confirm),
    deleteEach(client, id, rest).then(confirm),
  ])
  return { probes, deletions: deletions.flat() }
}

/**
 * Deletes the ServiceAccount alone, and confirms it. Its bindings stay until the cluster no longer accepts the tokens.
 * @returns false if it could not be deleted; then nothing may wait for it
 */
export async function endTokens(work: Work, accounts: readonly RecordedObject[]): Promise<boolean> {
  const client = await work.client()
  const { id } = work.grant
  const deletions = await confirmEach(client, id, await deleteEach(client, id, accounts))
  if (deletions.some(isFailure)) return false
  const removed = removedRows(deletions)
  await saveRemoved(work.writing, removed)
  work.note({ what: 'removed', objects: removed, at: work.clock() })
  return true
}

/** No intent was recorded, so the cluster was never touched: there is nothing to probe, and it need not be reachable. */
const nothingToDelete = ({ clock }: Work): Awaited<ReturnType<typeof deleteAll>> => ({
  probes: { status: 'fulfilled', value: { at: clock().toISOString(), results: [] } },
  deletions: [],
})

/**
 * Deletes the objects of a grant, each on its own: one that can't be deleted keeps no other, least of all the
 * ServiceAccount with its tokens. Confirms that access is over, and says so when all of it is confirmed.
 * @throws ClusterError naming what is left
 */
export async function endAccess(work: Work, step: EndAccess): Promise<void> {
  const { grant, writing, clock } = work
  const { probes, deletions } =
    grant.objects.length === 0 ? nothingToDelete(work) : await deleteAll(work, await work.client(), step)
  const removed = removedRows(deletions)
  let denied: Probes
  try {
    denied = confirmedBy(work, probes, deletions)
  } catch (error) {
    await saveRemoved(writing, removed)
    throw error
  }
  const endedBy = grant.endedBy ?? 'expiry'
  const endedAt = clock()
  await saveEnded(writing, { removed, probes: denied, endedBy, endedAt })
  work.note({ what: 'ended' })
  const waitMs = endedBy === 'superseded' ? supersededSeconds * 1000 : 0
  const due = [grant.expiresAt?.getTime() ?? [], grant.endingAt ? grant.endingAt.getTime() + waitMs : []].flat()
  metrics().endedSeconds.observe({ ended_by: endedBy }, secondsBetween(new Date(Math.min(...due)), endedAt))
}
