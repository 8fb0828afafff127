import { type RecordKind, type SigningKeys, sign, signingKey } from '#lib/core/signing/signature'
import { type TokenKey, tokenKey } from '#lib/core/signing/token-key'
import { env } from '#lib/env'

// The signing keys of this process, from its environment. They never appear in the database, an error or a log.

let known: SigningKeys | undefined

export function signingKeys(): SigningKeys {
  if (known) return known
  const { signingKey: secret, otherSigningKey } = env()
  const use = signingKey(secret)
  known = { use, accepted: otherSigningKey === undefined ? [use] : [use, signingKey(otherSigningKey)] }
  return known
}

let knownTokenKeys: TokenKey[] | undefined

/** The keys for tokens of grants: the first one signs, all of them verify. */
export function tokenKeys(): readonly TokenKey[] {
  const { signingKey: secret, otherSigningKey } = env()
  knownTokenKeys ??= [secret, ...(otherSigningKey === undefined ? [] : [otherSigningKey])].map(tokenKey)
  return knownTokenKeys
}

/** Signs a record that this process is about to write. */
export const signatureOf = (kind: RecordKind, statement: object): string => sign(signingKeys(), kind, statement)
