import { z } from 'zod'
import { refuseBlockedAddress } from '#lib/adapters/outbound'
import { log } from '#lib/observability/log'
import { callProvider } from './call-provider.ts'
import { identitySettings, openedAddresses } from './configuration.ts'

/** What Postern needs of a provider's metadata (OpenID Connect Discovery 1.0 §3). */
export type ProviderMetadata = {
  issuer: string
  authorizationEndpoint: string
  tokenEndpoint: string
  jwksUri: string
  endSessionEndpoint: string | undefined
  scopesSupported: string[] | undefined
  tokenEndpointAuthMethods: string[]
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** https, or http on this very machine: anything else would let the network say who people are. */
const isSafe = (address: string): boolean => {
  const url = URL.parse(address)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.has(url.hostname))
}

const endpoint = z.string().refine(isSafe, 'must be https, or http on loopback')

const documentSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  jwks_uri: endpoint,
  end_session_endpoint: endpoint.optional(),
  scopes_supported: z.array(z.string()).optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).default(['client_secret_basic']),
})

/** Providers change their metadata in weeks, not minutes; keys are fetched apart from it. */
const freshForMs = 10 * 60_000
/** A provider that does not answer is asked again after this, not by every request. */
const retryAfterMs = 5_000

type Entry = { metadata?: ProviderMetadata; until: number; failed?: Error; under?: Promise<ProviderMetadata> }
const shared = globalThis as typeof globalThis & { posternDiscovery?: Map<string, Entry> }
shared.posternDiscovery ??= new Map()
const entries = shared.posternDiscovery

async function discover(issuer: string): Promise<ProviderMetadata> {
  if (!isSafe(issuer)) throw new Error('the issuer must be https, or http on loopback')
  const response = await callProvider(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    headers: new Headers({ accept: 'application/json' }),
  })
  if (!response.ok) throw new Error(`discovery answered ${response.status}`)
  const document = documentSchema.parse(await response.json())
  // Discovery §4.3: must be the very address that was asked for, or anybody's keys would do.
  if (document.issuer !== issuer) throw new Error('discovery names another issuer')
  // Asked by others, who look up names as callProvider() does, but would not refuse what is written out.
  for (const address of [document.token_endpoint, document.jwks_uri]) refuseBlockedAddress(address, openedAddresses())
  return {
    issuer,
    authorizationEndpoint: document.authorization_endpoint,
    tokenEndpoint: document.token_endpoint,
    jwksUri: document.jwks_uri,
    endSessionEndpoint: document.end_session_endpoint,
    scopesSupported: document.scopes_supported,
    tokenEndpointAuthMethods: document.token_endpoint_auth_methods_supported,
  }
}

async function renew(issuer: string, entry: Entry): Promise<ProviderMetadata> {
  try {
    entry.metadata = await discover(issuer)
    entry.failed = undefined
    entry.until = Date.now() + freshForMs
    return entry.metadata
  } catch (error) {
    log.warn({ err: error, issuer }, 'the identity provider’s metadata cannot be read')
    entry.failed = new Error('the identity provider does not answer', { cause: error })
    entry.until = Date.now() + retryAfterMs
    // The last good answer stays in force: the provider being away must not end what it vouched for.
    if (entry.metadata) return entry.metadata
    throw entry.failed
  } finally {
    entry.under = undefined
  }
}

/**
 * The configured provider's metadata. What is older than ten minutes is asked for anew, but nobody waits for that: a
 * provider that hangs must not make every call hang.
 * @throws Error when it has never answered properly
 */
export async function providerMetadata(): Promise<ProviderMetadata> {
  const { issuer } = identitySettings()
  const entry = entries.get(issuer) ?? { until: 0 }
  entries.set(issuer, entry)
  const isDue = Date.now() >= entry.until
  if (isDue) entry.under ??= renew(issuer, entry)
  // With an earlier answer at hand renew() never rejects.
  if (entry.metadata) return entry.metadata
  if (entry.under) return entry.under
  throw entry.failed ?? new Error('the identity provider does not answer')
}

/** The origins a browser is sent to when it signs in or out, as far as they are known by now. */
export function knownProviderOrigins(): string[] {
  const { issuer } = identitySettings()
  const metadata = entries.get(issuer)?.metadata
  const addresses = [issuer, metadata?.authorizationEndpoint, metadata?.endSessionEndpoint]
  return [...new Set(addresses.flatMap((address) => (address ? [new URL(address).origin] : [])))]
}
