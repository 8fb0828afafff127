import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { db, type Tx } from '#lib/adapters/db/client'
import { signatureOf, signingKeys } from '#lib/adapters/db/signing'
import { type ClusterRights, type IndexedRights, indexRights } from '#lib/core/rbac/cluster-rights'
import type { ObservedRights } from '#lib/core/rbac/current-access'
import { whyNotSigned } from '#lib/core/signing/signature'
import { rightsStatement } from '#lib/core/signing/statements'
import { log } from '#lib/observability/log'

// What the worker read of who may do what in each cluster. Statements that judge take the hash along, which costs
// nothing; the content, maybe megabytes, is fetched and parsed by a process once for each hash.

/** The columns that a statement selects from `cluster_rights`; all null where there is no row. */
export type RightsColumns = {
  rightsHash: string | null
  rightsReadAt: Date | null
  rightsError: string | null
  rightsSignature: string | null
}

/** Bytes of JSON that a process keeps parsed, of all clusters together; parsed they take some four times as much. */
const mostKeptBytes = 64 * 1024 * 1024
/** Bytes of JSON of one cluster: some 300,000 bindings. More is refused by whoever reads, and again by whoever loads. */
export const mostContentBytes = 48 * 1024 * 1024

/** Undefined: between the statement that told the hash and the one that wants the content, somebody read anew. */
type Kept = { bytes: number; rights: Promise<IndexedRights | undefined> }

// Next puts this module into several bundles of one process; they share what was parsed.
const shared = globalThis as typeof globalThis & { posternClusterRights?: Map<string, Kept> }
shared.posternClusterRights ??= new Map()
const kept = shared.posternClusterRights

const hashOf = (text: Uint8Array) => `sha256:${createHash('sha256').update(text).digest('hex')}`

async function unpack(content: Uint8Array, hash: string): Promise<{ rights: IndexedRights; bytes: number }> {
  const text = await promisify(gunzip)(content, { maxOutputLength: mostContentBytes })
  if (hashOf(text) !== hash) throw new Error('the content is not what its hash says')
  return { rights: indexRights(JSON.parse(text.toString('utf8')) as ClusterRights), bytes: text.length }
}

/** The least recently used go, until the rest is small enough. */
function evictOldest() {
  let total = [...kept.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  for (const [hash, { bytes }] of kept) {
    if (total <= mostKeptBytes || kept.size === 1) return
    kept.delete(hash)
    total -= bytes
  }
}

async function load(tx: Tx, cluster: string, hash: string): Promise<IndexedRights | undefined> {
  const [row] = await tx.$queryRaw<Array<{ hash: string; content: Uint8Array }>>`
    SELECT hash, content FROM cluster_rights WHERE cluster = ${cluster} AND hash = ${hash}`
  if (!row) {
    kept.delete(hash)
    return undefined
  }
  const { rights, bytes } = await unpack(row.content, hash)
  const entry = kept.get(hash)
  if (entry) entry.bytes = bytes
  evictOldest()
  return rights
}

function rightsOf(tx: Tx, cluster: string, hash: string): Kept['rights'] {
  const known = kept.get(hash)
  if (known) {
    // The map's order is that of use.
    kept.delete(hash)
    kept.set(hash, known)
    return known.rights
  }
  const rights = load(tx, cluster, hash)
  kept.set(hash, { bytes: 0, rights })
  rights.catch(() => kept.delete(hash))
  return rights
}

/** What is known of a cluster, by what a statement said about it. What cannot be read counts as not known. */
export async function observedRights(tx: Tx, cluster: string, columns: RightsColumns): Promise<ObservedRights> {
  const { rightsHash: hash, rightsReadAt: readAt, rightsError: error, rightsSignature } = columns
  if (!hash || !readAt) return { rights: null, error }
  // What is new to somebody, and whose rights a pod could take, is judged by this: whoever writes to the database could
  // make it look harmless. Unknown counts as violated for the guardrails that ask, and the next reading puts it right.
  const why = whyNotSigned(signingKeys(), 'rights', () => rightsStatement({ cluster, hash, readAt }), rightsSignature)
  if (why) {
    log.error({ cluster, code: why }, 'the rights on record of a cluster were not written by Postern')
    return { rights: null, error: `What is on record of ${cluster} was not written by Postern.` }
  }
  try {
    const rights = await rightsOf(tx, cluster, hash)
    return rights ? { rights, readAt } : await readRights(tx, cluster)
  } catch (failure) {
    log.error({ cluster, err: failure }, 'the rights that were read of a cluster cannot be used')
    return { rights: null, error: `What was read of ${cluster} cannot be used.` }
  }
}

/** The same for whoever judges without a statement of their own. */
export async function readRights(tx: Tx, cluster: string): Promise<ObservedRights> {
  const [row] = await tx.$queryRaw<RightsColumns[]>`
    SELECT hash AS "rightsHash", read_at AS "rightsReadAt", error AS "rightsError", signature AS "rightsSignature"
    FROM cluster_rights WHERE cluster = ${cluster}`
  const nothing = { rightsHash: null, rightsReadAt: null, rightsError: null, rightsSignature: null }
  return observedRights(tx, cluster, row ?? nothing)
}

/** Seconds in which a reading is over; whoever was stopped meanwhile is followed by somebody else after them. */
export const rightsReadSeconds = 300

/** Is it this worker's turn to read the cluster's rights? One statement that only one of several workers wins. */
export async function claimRightsRead(cluster: string): Promise<boolean> {
  const count = await db().$executeRaw`
    INSERT INTO cluster_rights AS c (cluster, next_read_at) VALUES (${cluster}, now() + make_interval(secs => ${rightsReadSeconds}))
    ON CONFLICT (cluster) DO UPDATE SET next_read_at = now() + make_interval(secs => ${rightsReadSeconds})
    WHERE c.next_read_at <= now()`
  return count > 0
}

/**
 * Writes what a cluster was read to allow. The same content as before costs a few bytes.
 * @param nextSeconds when it may be read again
 * @throws RangeError where it is too large to be kept
 */
export async function saveRights(cluster: string, rights: ClusterRights, readAt: Date, nextSeconds: number) {
  const text = Buffer.from(JSON.stringify(rights))
  if (text.length > mostContentBytes) throw new RangeError(`${text.length} bytes are more than ${mostContentBytes}`)
  const hash = hashOf(text)
  const signature = signatureOf('rights', rightsStatement({ cluster, hash, readAt }))
  const same = await db().$executeRaw`
    UPDATE cluster_rights SET read_at = ${readAt}, signature = ${signature}, error = NULL, next_read_at = now() + make_interval(secs => ${nextSeconds})
    WHERE cluster = ${cluster} AND hash = ${hash}`
  if (same > 0) return
  const content = await promisify(gzip)(text)
  await db().$executeRaw`
    UPDATE cluster_rights SET hash = ${hash}, content = ${content}, read_at = ${readAt}, signature = ${signature},
      error = NULL,
      next_read_at = now() + make_interval(secs => ${nextSeconds})
    WHERE cluster = ${cluster}`
}

/**
 * Writes that a cluster's rights could not be read, and why.
 * @param isForbidden what was read before counts no more: somebody took the right away
 */
export async function saveRightsError(cluster: string, error: string, isForbidden: boolean) {
  await db().$executeRaw`
    UPDATE cluster_rights SET error = ${error},
      hash = CASE WHEN ${isForbidden} THEN NULL ELSE hash END,
      content = CASE WHEN ${isForbidden} THEN NULL ELSE content END,
      read_at = CASE WHEN ${isForbidden} THEN NULL ELSE read_at END
    WHERE cluster = ${cluster}`
}
