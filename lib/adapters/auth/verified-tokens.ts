import { createHash } from 'node:crypto'

// A verified bearer token counts as verified for up to a minute: verifying its signature is a large part of what a short call
// costs, and a client sends the same token for minutes. Only tokens are remembered here. The person whom a token names is read
// at every call, with the groups that they have by then. (Decision record: a verified token is not verified again for a minute.)

const longestMs = 60_000
/** Only the provider can make tokens that are remembered; this bounds the memory in case it makes many. */
const mostTokens = 1_000

type Entry = { verified: unknown; basis: readonly unknown[]; until: number }

// Next.js puts this module into several bundles of one process.
const shared = globalThis as typeof globalThis & { posternVerifiedTokens?: Map<string, Entry> }
shared.posternVerifiedTokens ??= new Map()
const entries = shared.posternVerifiedTokens

/** NB: not the token itself, which a heap dump would reveal. */
const keyOf = (token: string) => createHash('sha256').update(token).digest('base64')

/**
 * The result of `verify`, or that of an earlier call with the same token.
 * @param basis what the result depends on, compared by identity: with another one the token is verified again
 * @param verify returns the result, and the time in milliseconds at which the token stops being accepted; a token for which it
 * throws is not remembered
 */
export async function verifiedOnce<T>(
  token: string,
  basis: readonly unknown[],
  verify: () => Promise<{ verified: T; acceptedUntil: number }>,
): Promise<T> {
  const key = keyOf(token)
  const known = entries.get(key)
  const isSame = known?.basis.length === basis.length && known.basis.every((part, index) => part === basis[index])
  if (known && isSame && Date.now() < known.until) return known.verified as T
  entries.delete(key)
  const { verified, acceptedUntil } = await verify()
  const [oldest] = entries.keys()
  if (oldest !== undefined && entries.size >= mostTokens) entries.delete(oldest)
  entries.set(key, { verified, basis, until: Math.min(Date.now() + longestMs, acceptedUntil) })
  return verified
}
