import { newestCheckpoint } from '#lib/adapters/db/log/checkpoints'
import { entriesOfRequest, inTree, policyDocument, unloggedOfRequest } from '#lib/adapters/db/log/read-log'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { LogEntry } from '#lib/core/log/leaf'
import type { LogLine } from '#lib/core/log/log-line'
import { inclusionProof } from '#lib/core/log/tree'

/** Entries of which the tiles are read together. */
const atOnce = 50

async function* linesOf(
  entries: readonly LogEntry[],
  unlogged: readonly { id: string; isNew: boolean }[],
  checkpoint: { note: string; size: number },
): AsyncGenerator<LogLine> {
  yield { checkpoint: checkpoint.note }
  for (const version of new Set(entries.flatMap(({ event }) => event?.policyHash ?? []))) {
    const document = await policyDocument(version)
    if (document) yield { policy: version, document }
  }
  const [logged, later] = [
    entries.filter(({ index }) => index < checkpoint.size),
    entries.filter(({ index }) => index >= checkpoint.size),
  ]
  for (let from = 0; from < logged.length; from += atOnce) {
    const some = logged.slice(from, from + atOnce)
    const proofs = await inTree(checkpoint.size, (read) =>
      some.map(({ index }) => inclusionProof(read, index, checkpoint.size).map((hash) => hash.toString('base64'))),
    )
    for (const [i, entry] of some.entries()) yield { entry, proof: proofs[i] ?? [] }
  }
  for (const { event } of later) if (event) yield { later: event.id }
  const known = new Set(entries.map(({ event }) => event?.id))
  for (const { id, isNew } of unlogged) if (!known.has(id)) yield isNew ? { later: id } : { withoutLeaf: id }
}

/**
 * The events of a request as the log has them, each with its inclusion proof, and the policy versions that judged it: a file
 * that `postern log verify` verifies without a server. For auditors and admins.
 * @throws AppError `not-found`, and `conflict` if the log is not signed yet
 */
export async function requestEvidence(actor: PersonActor, requestId: string): Promise<AsyncGenerator<string>> {
  if (!seesEverything(actor)) throw notFound()
  // NB: in this order. An event that is logged in between would otherwise be in neither.
  const unlogged = await unloggedOfRequest(requestId)
  const entries = await entriesOfRequest(requestId)
  if (entries.length === 0 && unlogged.length === 0) throw notFound()
  const checkpoint = await newestCheckpoint()
  if (!checkpoint)
    throw new AppError('conflict', 'The log has no signed checkpoint. Its operator has to set POSTERN_LOG_KEY.')
  return (async function* () {
    for await (const line of linesOf(entries, unlogged, checkpoint)) yield `${JSON.stringify(line)}\n`
  })()
}
