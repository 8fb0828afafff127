import { createRemoteJWKSet, customFetch, type JWTPayload, jwtVerify } from 'jose'
import { callProvider } from './call-provider.ts'
import { identitySettings } from './configuration.ts'
import type { ProviderMetadata } from './discovery.ts'

// The provider's keys. They are fetched when a token names an unknown key (rotation), at most every ten seconds.

type KeySet = ReturnType<typeof createRemoteJWKSet>
const shared = globalThis as typeof globalThis & { posternKeys?: Map<string, KeySet>; posternKeyFetches?: number }
shared.posternKeys ??= new Map()
const sets = shared.posternKeys

/** How often keys were fetched: a token that was verified before may have been signed with a key that is gone by now. */
export const keyFetches = (): number => shared.posternKeyFetches ?? 0

/** The key set at `jwksUri`, one per process. */
export function keysOf({ jwksUri }: Pick<ProviderMetadata, 'jwksUri'>): KeySet {
  let set = sets.get(jwksUri)
  if (!set) {
    set = createRemoteJWKSet(new URL(jwksUri), {
      timeoutDuration: 5_000,
      cooldownDuration: 10_000,
      cacheMaxAge: 600_000,
      [customFetch]: (url, { headers }) => {
        shared.posternKeyFetches = keyFetches() + 1
        return callProvider(url, { headers })
      },
    })
    sets.set(jwksUri, set)
  }
  return set
}

/** Asymmetric signatures only: not `none`, and not HMAC, where the "public" key would be the signing key. */
export const asymmetricAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]

/** Verifies an id_token from the token endpoint's refresh response (OpenID Connect Core §12.2). */
export async function verifyRefreshedIdToken(idToken: string, metadata: ProviderMetadata): Promise<JWTPayload> {
  const { clientId, idTokenAlgorithm } = identitySettings()
  const { payload } = await jwtVerify(idToken, keysOf(metadata), {
    issuer: metadata.issuer,
    audience: clientId,
    algorithms: [idTokenAlgorithm],
    clockTolerance: 60,
    requiredClaims: ['sub', 'exp', 'iat'],
  })
  if (Array.isArray(payload.aud) && payload.aud.length > 1 && payload.azp !== clientId) {
    throw new Error('the token was issued to another client')
  }
  return payload
}
