// The key pairs with which Postern signs the tokens of grants without a ServiceAccount, derived from the same secrets as the
// keys of records: they rotate together, and a process that may write records may sign tokens.
import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'

export type TokenKey = {
  /** The JWK thumbprint (RFC 7638), which reveals nothing about the secret. */
  id: string
  privateKey: KeyObject
  publicKey: KeyObject
}

/** What comes before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 §7). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** @param secret at least 32 characters; lib/env.ts checks that */
export function tokenKey(secret: string): TokenKey {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'postern token key ed25519', 32))
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const { crv, kty, x } = publicKey.export({ format: 'jwk' })
  const id = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
  return { id, privateKey, publicKey }
}

/** The public key as an element of a JSON Web Key Set (RFC 7517, RFC 8037). */
export const publicJwk = ({ id, publicKey }: TokenKey) => {
  const { crv, kty, x } = publicKey.export({ format: 'jwk' })
  return { kty, crv, x, kid: id, use: 'sig', alg: 'EdDSA' }
}
