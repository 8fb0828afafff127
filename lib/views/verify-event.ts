import { anchored } from '#lib/adapters/db/log/anchored'
import { newestCheckpoint } from '#lib/adapters/db/log/checkpoints'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { entriesOfEvents, eventExists, inTree } from '#lib/adapters/db/log/read-log'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import type { EventVerification } from '#lib/core/access/log-resource'
import { seesEverything } from '#lib/core/access/may-see'
import { CheckpointError, openCheckpoint } from '#lib/core/log/checkpoint'
import { inclusionProof } from '#lib/core/log/tree'
import { problemOfEntry, problemOfProof } from '#lib/core/log/verify-log'

/** The anchors that keep a checkpoint which includes this leaf. */
async function anchorsOf(index: number): Promise<EventVerification['anchors']> {
  const known = await anchored(currentPolicy().configuration.log.anchors.map(({ name }) => name))
  return known.flatMap(({ name, size, keptAt }) =>
    keptAt && size > index ? [{ name, keptAt: keptAt.toISOString() }] : [],
  )
}

/** Verifies an event that its reader has before them: its leaf, its place in the log, and the signature of the newest checkpoint. */
export async function verifyEvent(id: string): Promise<EventVerification> {
  const [entry] = await entriesOfEvents([id])
  const nothing: EventVerification = {
    ...{ state: 'waiting', sentence: 'This event is not in the log yet. Events are added within seconds.' },
    ...{ index: null, hash: null, proof: [], checkpoint: null, signedAt: null, anchors: [] },
  }
  if (!entry) return nothing
  const { index, hash } = entry
  const known = { ...nothing, index, hash }
  const failed = (sentence: string): EventVerification => ({ ...known, state: 'failed', sentence })
  const changed = problemOfEntry(entry)
  if (changed) return failed(changed.sentence)
  const keys = logVerifiers(currentPolicy().configuration.publicUrl)
  const newest = await newestCheckpoint(keys)
  if (keys.length === 0)
    return { ...known, state: 'unsigned', sentence: 'The event matches its leaf. This log is not signed.' }
  if (!newest || index >= newest.size)
    return { ...known, sentence: 'The event matches its leaf, which is not in a signed checkpoint yet.' }
  try {
    const checkpoint = openCheckpoint(newest.note, keys)
    const proof = (await inTree(newest.size, (read) => inclusionProof(read, index, newest.size))).map((one) =>
      one.toString('base64'),
    )
    const problem = problemOfProof(entry, proof, checkpoint)
    if (problem) return failed(problem.sentence)
    return {
      ...{ state: 'verified', sentence: `Verified against the checkpoint of size ${newest.size}.` },
      ...{ index, hash, proof, checkpoint: newest.note, signedAt: newest.signedAt.toISOString() },
      anchors: await anchorsOf(index),
    }
  } catch (error) {
    if (error instanceof CheckpointError) return failed(error.message)
    throw error
  }
}

/**
 * The same for auditors and admins by the id of an event.
 * @throws AppError `not-found` for everyone else, and if there is no such event
 */
export async function getEventVerification(actor: PersonActor, id: string): Promise<EventVerification> {
  if (!seesEverything(actor) || !(await eventExists(id))) throw notFound()
  return verifyEvent(id)
}
