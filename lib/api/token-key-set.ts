import { tokenKeys } from '#lib/adapters/db/signing'
import { publicJwk } from '#lib/core/signing/token-key'

/** The public keys with which tokens of grants can be verified: the current one, and during a rotation the other one. */
export const tokenKeySet = () => ({ keys: tokenKeys().map(publicJwk) })
