import { hkdfSync } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { env } from '#lib/env'

// The database stores the provider's tokens only as JWE (RFC 7516), encrypted with a key that is not in the database.
// The key depends on the token's purpose, so that a sealed refresh token can't be passed off as anything else.

type Purpose = 'refresh-token' | 'id-token'

const keys = new Map<string, Uint8Array>()

function keyFor(purpose: Purpose, owner: string): Uint8Array {
  const { sessionSecret } = env()
  if (!sessionSecret) throw new Error('POSTERN_SESSION_SECRET is not set in this process')
  const info = `postern ${purpose} ${owner}`
  const cached = keys.get(info)
  if (cached) return cached
  const key = new Uint8Array(hkdfSync('sha256', sessionSecret, '', info, 32))
  if (keys.size > 10_000) keys.clear()
  keys.set(info, key)
  return key
}

/** Encrypts `text` for one purpose and one owner, which is the session's id. */
export const seal = (text: string, purpose: Purpose, owner: string): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(keyFor(purpose, owner))

/** Decrypts a sealed text; undefined if it was sealed for another purpose or with another secret, or was altered. */
export async function unseal(sealed: string | null, purpose: Purpose, owner: string): Promise<string | undefined> {
  if (sealed === null) return undefined
  try {
    const { plaintext } = await compactDecrypt(sealed, keyFor(purpose, owner), {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    return new TextDecoder().decode(plaintext)
  } catch {
    return undefined
  }
}
