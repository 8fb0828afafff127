import { deleteObject } from '#lib/adapters/cluster/objects'
import { type RemovedRow, saveEnded, saveEnding, saveRemoved } from '#lib/adapters/db/grants/grant-progress'
import type { Refusal } from '#lib/core/grants/may-begin'
import type { RecordedObject } from '#lib/core/grants/plan'
import { metrics, secondsBetween } from '#lib/observability/metrics'
import { NotConfirmed, probeDenied } from './probe.ts'
import type { Work } from './work.ts'

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

/** Deletes these objects at once. What was deleted is committed at the end, or here if a deletion failed. */
export async function deleteObjects(work: Work, objects: readonly RecordedObject[], removed: RemovedRow[]) {
  const client = await work.client()
  const results = await Promise.allSettled(
    objects.map(async (object) => {
      const uid = await deleteObject(client, object, work.grant.id, object.uid)
      // Already gone: a worker crashed between deleting and recording it, or someone else deleted it.
      removed.push({ ...object, uid: uid ?? object.uid, alreadyGone: uid === null })
      work.note({ what: 'removed', object, at: work.clock() })
    }),
  )
  const failed = results.find((result) => result.status === 'rejected')
  if (!failed) return
  await saveRemoved(work.writing, removed.splice(0))
  throw failed.reason
}

/** Confirms that the cluster denies what the grant permitted, now that its bindings are deleted. */
async function probe(work: Work) {
  const { grant, clock, signal } = work
  // Without a recorded intent the cluster was never touched: there is nothing to confirm, and it need not be reachable.
  if (grant.objects.length === 0) return { at: clock().toISOString(), results: [] }
  return probeDenied(await work.client(), grant, clock, signal)
}

/** Access has ended only after its objects are gone and the cluster has denied all of it. */
export async function finish(work: Work, rest: readonly RecordedObject[], removed: RemovedRow[]) {
  const { grant, writing, clock } = work
  const endedBy = grant.endedBy ?? 'expiry'
  const [probes, deletion] = await Promise.allSettled([probe(work), deleteObjects(work, rest, removed)])
  try {
    if (probes.status === 'rejected') throw probes.reason
    if (deletion.status === 'rejected') throw deletion.reason
    const endedAt = clock()
    await saveEnded(writing, { removed, probes: probes.value, endedBy, endedAt })
    work.note({ what: 'ended' })
    const due = [grant.expiresAt, grant.endingAt].flatMap((time) => time?.getTime() ?? [])
    metrics().endedSeconds.observe({ ended_by: endedBy }, secondsBetween(new Date(Math.min(...due)), endedAt))
  } catch (error) {
    await saveRemoved(writing, removed.splice(0))
    // A late call of a crashed worker may have created an object again: it is deleted before the next attempt.
    if (error instanceof NotConfirmed) {
      const client = await work.client()
      for (const object of grant.objects) await deleteObject(client, object, grant.id, object.uid)
    }
    throw error
  }
}
