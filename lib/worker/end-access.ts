import { deleteObject } from '#lib/adapters/cluster/objects'
import { type RemovedRow, saveEnded, saveEnding, saveRemoved } from '#lib/adapters/db/grants/grant-progress'
import type { Refusal } from '#lib/core/grants/may-begin'
import type { RecordedObject } from '#lib/core/grants/plan'
import { metrics, secondsBetween } from '#lib/observability/metrics'
import { NotConfirmed, probeDenied } from './probe.ts'
import type { Work } from './work.ts'

/** Commits the wish that access ends. From here there is one path, whoever or whatever wished it. */
export async function beginEnding(
  work: Work,
  { endedBy, code, sentence, stoppedBy, signatureFailure }: Omit<Refusal, 'sentence'> & { sentence: string | null },
) {
  const { grant } = work
  const now = work.clock()
  await saveEnding(work.writing, grant.status, { endedBy, note: sentence, code, stoppedBy, signatureFailure, now })
  work.note({ what: 'ending', at: now, endedBy })
}

/** Removes these, all at once. What was removed is committed at the end, or here when something went wrong. */
export async function remove(work: Work, objects: readonly RecordedObject[], removed: RemovedRow[]) {
  const client = await work.client()
  const results = await Promise.allSettled(
    objects.map(async (object) => {
      const uid = await deleteObject(client, object, work.grant.id, object.uid)
      // Gone although it was made: a worker died between its removal and the record of it, or somebody else was here.
      removed.push({ ...object, uid: uid ?? object.uid, alreadyGone: uid === null })
      work.note({ what: 'removed', object, at: work.clock() })
    }),
  )
  const failed = results.find((result) => result.status === 'rejected')
  if (!failed) return
  await saveRemoved(work.writing, removed.splice(0))
  throw failed.reason
}

/** What the cluster answers about a grant of which no binding is left. */
async function prove(work: Work) {
  const { grant, clock, signal } = work
  // Nothing was ever wished for: the cluster was not touched, so there is nothing to prove, and it need not be there.
  if (grant.objects.length === 0) return { at: clock().toISOString(), results: [] }
  return probeDenied(await work.client(), grant, clock, signal)
}

/** Removes the rest, proves that access is over, and says so when both are done. */
export async function finish(work: Work, rest: readonly RecordedObject[], removed: RemovedRow[]) {
  const { grant, writing, clock } = work
  const endedBy = grant.endedBy ?? 'expiry'
  const [proof, removal] = await Promise.allSettled([prove(work), remove(work, rest, removed)])
  try {
    if (proof.status === 'rejected') throw proof.reason
    if (removal.status === 'rejected') throw removal.reason
    const endedAt = clock()
    await saveEnded(writing, { removed, probes: proof.value, endedBy, endedAt })
    work.note({ what: 'ended' })
    const due = [grant.expiresAt, grant.endingAt].flatMap((time) => time?.getTime() ?? [])
    metrics().endedSeconds.observe({ ended_by: endedBy }, secondsBetween(new Date(Math.min(...due)), endedAt))
  } catch (error) {
    await saveRemoved(writing, removed.splice(0))
    // A call of a worker that died may have landed after we looked: what is there by now goes before the next try.
    if (error instanceof NotConfirmed) {
      const client = await work.client()
      for (const object of grant.objects) await deleteObject(client, object, grant.id, object.uid)
    }
    throw error
  }
}
