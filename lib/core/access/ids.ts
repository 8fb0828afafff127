import { z } from 'zod'

// The prefix of each kind of id, so that a pasted id shows what it names and mixing two kinds is a type error.
export const idPrefixes = {
  request: 'req',
  decision: 'dec',
  comment: 'cmt',
  grant: 'grt',
  credential: 'cred',
  order: 'ord',
  event: 'evt',
  finding: 'fnd',
  import: 'imp',
  notice: 'ntc',
  person: 'per',
  session: 'ses',
  browser: 'brw',
} as const
export type IdKind = keyof typeof idPrefixes
export type Id<K extends IdKind> = `${(typeof idPrefixes)[K]}_${string}`

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * An id of the given kind: the prefix, an underscore, and a ULID in lower-case Crockford base32 (48 bits of Unix
 * milliseconds, then 80 random bits). Such ids sort by time and are valid in the name of a Kubernetes object.
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

/** The text of an id of one kind, as the inside of a regular expression. */
export const idText = (kind: IdKind) => `${idPrefixes[kind]}_[0-9a-hjkmnp-tv-z]{26}`

/** Accepts only ids of one kind. */
export const idSchema = <K extends IdKind>(kind: K) =>
  z.string().regex(new RegExp(`^${idText(kind)}$`), {
    error: `must be an id such as ${idPrefixes[kind]}_… (26 characters after the underscore)`,
  }) as unknown as z.ZodType<Id<K>, Id<K>>
