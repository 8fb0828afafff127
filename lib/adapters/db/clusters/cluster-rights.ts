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

// The RBAC rights that the worker read from each cluster. Statements that gather facts only select the hash, which is
// cheap; each process fetches and parses the content, which may be megabytes, once per hash.

/** The columns that a statement selects from `cluster_rights`; all null without a row. */
export type RightsColumns = {
  rightsHash: string | null
  rightsReadAt: Date | null
  rightsError: string | null
  rightsSignature: string | null
}

/** Bytes of JSON that a process caches for all clusters; parsed, they take about four times as much memory. */
const maxCachedBytes = 64 * 1024 * 1024
/** Bytes of JSON of one cluster, about 300,000 bindings. Larger content is refused both when it is saved and loaded. */
export const maxContentBytes = 48 * 1024 * 1024

/** `rights` is undefined if the content was replaced between the statement that read the hash and this one. */
type Cached = { bytes: number; rights: Promise<IndexedRights | undefined> }

// Next.js puts this module into several bundles of one process; they share the cache.
const shared = globalThis as typeof globalThis & { posternClusterRights?: Map<string, Cached> }
shared.posternClusterRights ??= new Map()
const cache = shared.posternClusterRights

const hashOf = (text: Uint8Array) => `sha256:${createHash('sha256').update(text).digest('hex')}`

async function unpack(content: Uint8Array, hash: string): Promise<{ rights: IndexedRights; bytes: number }> {
  const text = await promisify(gunzip)(content, { maxOutputLength: maxContentBytes })
  if (hashOf(text) !== hash) throw new Error('the content does not match its hash')
  return { rights: indexRights(JSON.parse(text.toString('utf8')) as ClusterRights), bytes: text.length }
}

/** Removes the least recently used entries until the cache is small enough. */
function evictOldest() {
  let total = [...cache.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  for (const [hash, { bytes }] of cache) {
    if (total <= maxCachedBytes || cache.size === 1) return
    cache.delete(hash)
    total -= bytes
  }
}

async function load(tx: Tx, cluster: string, hash: string): Promise<IndexedRights | undefined> {
  const [row] = await tx.$queryRaw<Array<{ hash: string; content: Uint8Array }>>`
    SELECT hash, content FROM cluster_rights WHERE cluster = ${cluster} AND hash = ${hash}`
  if (!row) {
    cache.delete(hash)
    return undefined
  }
  const { rights, bytes } = await unpack(row.content, hash)
  const entry = cache.get(hash)
  if (entry) entry.bytes = bytes
  evictOldest()
  return rights
}

function rightsOf(tx: Tx, cluster: string, hash: string): Cached['rights'] {
  const known = cache.get(hash)
  if (known) {
    // The map is in the order of use.
    cache.delete(hash)
    cache.set(hash, known)
    return known.rights
  }
  const rights = load(tx, cluster, hash)
  cache.set(hash, { bytes: 0, rights })
  rights.catch(() => cache.delete(hash))
  return rights
}

/** The rights in a cluster, for the columns that a statement selected. Unusable content counts as unknown. */
export async function observedRights(tx: Tx, cluster: string, columns: RightsColumns): Promise<ObservedRights> {
  const { rightsHash: hash, rightsReadAt: readAt, rightsError: error, rightsSignature } = columns
  if (!hash || !readAt) return { rights: null, error }
  // Verdicts depend on these rights (new permissions, identities that a pod could use), so someone with write access to
  // the database could make a request look harmless. Guardrails treat unknown rights as violations until the next read.
  const why = whyNotSigned(signingKeys(), 'rights', () => rightsStatement({ cluster, hash, readAt }), rightsSignature)
  if (why) {
    log.error({ cluster, code: why }, 'the stored rights of a cluster do not have a valid signature')
    return { rights: null, error: `The stored rights of ${cluster} don’t have a valid signature.` }
  }
  try {
    const rights = await rightsOf(tx, cluster, hash)
    return rights ? { rights, readAt } : await readRights(tx, cluster)
  } catch (failure) {
    log.error({ cluster, err: failure }, 'the stored rights of a cluster cannot be used')
    return { rights: null, error: `The stored rights of ${cluster} can’t be used.` }
  }
}

/** The rights in a cluster, for callers whose statement does not select the columns. */
export async function readRights(tx: Tx, cluster: string): Promise<ObservedRights> {
  const [row] = await tx.$queryRaw<RightsColumns[]>`
    SELECT hash AS "rightsHash", read_at AS "rightsReadAt", error AS "rightsError", signature AS "rightsSignature"
    FROM cluster_rights WHERE cluster = ${cluster}`
  const nothing = { rightsHash: null, rightsReadAt: null, rightsError: null, rightsSignature: null }
  return observedRights(tx, cluster, row ?? nothing)
}

/** Seconds that one read may take. After that another worker may read the cluster. */
export const rightsReadSeconds = 300

/** May this worker read the cluster's rights now? Of several workers only one gets true. */
export async function claimRightsRead(cluster: string): Promise<boolean> {
  const count = await db().$executeRaw`
    INSERT INTO cluster_rights AS c (cluster, next_read_at) VALUES (${cluster}, now() + make_interval(secs => ${rightsReadSeconds}))
    ON CONFLICT (cluster) DO UPDATE SET next_read_at = now() + make_interval(secs => ${rightsReadSeconds})
    WHERE c.next_read_at <= now()`
  return count > 0
}

/**
 * Saves the rights of a cluster. Unchanged content is not written again.
 * @param nextSeconds after how long the cluster may be read again
 * @returns the hash of the content
 * @throws RangeError when the content is too large to store
 */
export async function saveRights(
  cluster: string,
  rights: ClusterRights,
  readAt: Date,
  nextSeconds: number,
): Promise<string> {
  const text = Buffer.from(JSON.stringify(rights))
  if (text.length > maxContentBytes) throw new RangeError(`${text.length} bytes are more than ${maxContentBytes}`)
  const hash = hashOf(text)
  const signature = signatureOf('rights', rightsStatement({ cluster, hash, readAt }))
  const same = await db().$executeRaw`
    UPDATE cluster_rights SET read_at = ${readAt}, signature = ${signature}, error = NULL, next_read_at = now() + make_interval(secs => ${nextSeconds})
    WHERE cluster = ${cluster} AND hash = ${hash}`
  if (same > 0) return hash
  const content = await promisify(gzip)(text)
  await db().$executeRaw`
    UPDATE cluster_rights SET hash = ${hash}, content = ${content}, read_at = ${readAt}, signature = ${signature},
      error = NULL,
      next_read_at = now() + make_interval(secs => ${nextSeconds})
    WHERE cluster = ${cluster}`
  return hash
}

/**
 * Saves the reason why a cluster's rights could not be read.
 * @param isForbidden Postern has lost the permission to read, so the earlier rights are deleted
 */
export async function saveRightsError(cluster: string, error: string, isForbidden: boolean) {
  await db().$executeRaw`
    UPDATE cluster_rights SET error = ${error},
      hash = CASE WHEN ${isForbidden} THEN NULL ELSE hash END,
      content = CASE WHEN ${isForbidden} THEN NULL ELSE content END,
      read_at = CASE WHEN ${isForbidden} THEN NULL ELSE read_at END
    WHERE cluster = ${cluster}`
}
