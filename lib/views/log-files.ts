import { newestCheckpoint, newestPublicCheckpoint, type StoredCheckpoint } from '#lib/adapters/db/log/checkpoints'
import { withCosignatures } from '#lib/adapters/db/log/cosignatures'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { entriesBetween, readTiles } from '#lib/adapters/db/log/read-log'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import { parseWitnessKey } from '#lib/core/log/cosignature'
import { leafOf } from '#lib/core/log/leaf'
import { pathOfTile, tileOfPath, tileWidth, widthAt } from '#lib/core/log/tiles'

/**
 * The checkpoint that this reader knows: the newest for auditors and admins, that of the last full hour for everyone else.
 * @throws AppError `not-found` if the log is not signed
 */
async function checkpointFor(actor: PersonActor | null): Promise<StoredCheckpoint> {
  const keys = logVerifiers(currentPolicy().configuration.publicUrl)
  const found = await (actor && seesEverything(actor) ? newestCheckpoint(keys) : newestPublicCheckpoint(keys))
  if (!found) throw new AppError('not-found', 'This log has no signed checkpoint: its operator has set no key.')
  return found
}

/** The signed checkpoint with the cosignatures of its witnesses, for anyone. */
export async function logCheckpoint(actor: PersonActor | null): Promise<string> {
  const witnesses = currentPolicy().configuration.log.anchors.flatMap(({ witness }) =>
    witness ? [parseWitnessKey(witness.key)] : [],
  )
  return withCosignatures(await checkpointFor(actor), witnesses)
}

/**
 * A tile of the log (C2SP tlog-tiles): hashes for anyone, entries for auditors and admins.
 * @throws AppError `unauthenticated` or `not-found`
 */
export async function logTile(actor: PersonActor | null, path: string): Promise<Buffer> {
  const tile = tileOfPath(path)
  if (tile?.level === 'entries' && !actor)
    throw new AppError('unauthenticated', 'Entries of the log are for auditors. Sign in, or send a bearer token.')
  if (!tile || (tile.level === 'entries' && !(actor && seesEverything(actor)))) throw notFound()
  const { size } = await checkpointFor(actor)
  if (tile.width > widthAt(size, tile)) throw notFound()
  const { level, index, width } = tile
  if (level !== 'entries') {
    const bytes = (await readTiles([{ level, index, width }])).get(pathOfTile(tile))
    if (!bytes) throw notFound()
    return bytes
  }
  const entries = await entriesBetween(index * tileWidth, index * tileWidth + width)
  return Buffer.concat(
    entries.map(({ event, salt }) => {
      // A bundle can't leave out a leaf, and `GET /api/v1/log/entries` says which event is missing.
      if (!event) throw notFound()
      const leaf = Buffer.from(leafOf(event, Buffer.from(salt, 'base64')))
      const length = Buffer.alloc(2)
      length.writeUInt16BE(leaf.length)
      return Buffer.concat([length, leaf])
    }),
  )
}
