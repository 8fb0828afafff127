import { z } from 'zod'

// Which kind of thing an id names. The prefix makes a pasted id speak for itself and makes mixing two kinds a type error.
export const idPrefixes = {
  request: 'req',
  decision: 'dec',
  grant: 'grt',
  credential: 'cred',
  order: 'ord',
  event: 'evt',
  finding: 'fnd',
  person: 'per',
  session: 'ses',
} as const
export type IdKind = keyof typeof idPrefixes
export type Id<K extends IdKind> = `${(typeof idPrefixes)[K]}_${string}`

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * An id of the given kind: prefix, underscore, 26 characters of Crockford base32 in lower case (48 bits of Unix
 * milliseconds, then 80 random bits, as a ULID has them), so that ids sort by time and can stand in a Kubernetes name.
 * @param now the instant, given by the caller: nothing here reads the clock
 * @param random 10 random bytes
 */
export function makeId<K extends IdKind>(kind: K, now: Date, random: Uint8Array): Id<K> {
  if (random.length !== 10) throw new RangeError('makeId needs exactly 10 random bytes')
  let value = BigInt(now.getTime())
  for (const byte of random) value = (value << 8n) | BigInt(byte)
  let text = ''
  for (let i = 0; i < 26; i++) {
    text = (alphabet[Number(value & 31n)] ?? '') + text
    value >>= 5n
  }
  return `${idPrefixes[kind]}_${text}`
}

/** A schema that accepts the ids of one kind and nothing else. */
export const idSchema = <K extends IdKind>(kind: K) =>
  z.custom<Id<K>>(
    (value) => typeof value === 'string' && new RegExp(`^${idPrefixes[kind]}_[0-9a-hjkmnp-tv-z]{26}$`).test(value),
    { error: `must be an id like ${idPrefixes[kind]}_… (26 characters after the underscore)` },
  )
