import { z } from 'zod'
import { refuseBlockedAddress } from '#lib/adapters/outbound'
import { log } from '#lib/observability/log'
import { callProvider } from './call-provider.ts'
import { addressExceptions, identitySettings } from './configuration.ts'
import { Misconfigured, noProvider, otherIssuer } from './misconfigured.ts'

/** The part of a provider's metadata that Postern uses (OpenID Connect Discovery 1.0 §3). */
export type ProviderMetadata = {
  issuer: string
  authorizationEndpoint: string
  tokenEndpoint: string
  jwksUri: string
  endSessionEndpoint: string | undefined
  revocationEndpoint: string | undefined
  userInfoEndpoint: string | undefined
  scopesSupported: string[] | undefined
  idTokenAlgorithms: string[] | undefined
  tokenEndpointAuthMethods: string[]
  /** Seconds by which Postern's clock was behind the provider's; undefined if the provider sent no time. */
  clockBehindSeconds: number | undefined
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** https, or http on loopback: over plain http anyone on the network could impersonate the provider. */
const isSafe = (address: string): boolean => {
  const url = URL.parse(address)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.has(url.hostname))
}

const endpoint = z.string().refine(isSafe, 'must be https, or http on loopback')

const issuerSchema = z.object({ issuer: z.string() })

const documentSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  jwks_uri: endpoint,
  end_session_endpoint: endpoint.optional(),
  revocation_endpoint: endpoint.optional(),
  userinfo_endpoint: endpoint.optional(),
  scopes_supported: z.array(z.string()).optional(),
  id_token_signing_alg_values_supported: z.array(z.string()).optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).default(['client_secret_basic']),
})

/** Providers change their metadata every few weeks, not minutes; keys are fetched separately. */
const freshForMs = 10 * 60_000
/** After a failure the provider is called again after this time, instead of at every request. */
const retryAfterMs = 5_000

type Entry = { metadata?: ProviderMetadata; until: number; failed?: Error; pending?: Promise<ProviderMetadata> }
const shared = globalThis as typeof globalThis & { posternDiscovery?: Map<string, Entry> }
shared.posternDiscovery ??= new Map()
const entries = shared.posternDiscovery

function secondsBehind(date: string | null): number | undefined {
  const theirs = Date.parse(date ?? '')
  return Number.isNaN(theirs) ? undefined : Math.round((theirs - Date.now()) / 1000)
}

async function discover(issuer: string): Promise<ProviderMetadata> {
  if (!isSafe(issuer)) throw new Error('the issuer must be https, or http on loopback')
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await callProvider(url, { headers: new Headers({ accept: 'application/json' }) })
  const { status } = response
  if (status === 408 || status === 429 || status >= 500) throw new Error(`discovery responded ${status}`)
  if (!response.ok) throw noProvider(url, `responded ${status}`)
  const body: unknown = await response.json().catch(() => undefined)
  const named = issuerSchema.safeParse(body)
  if (!named.success) throw noProvider(url, 'did not respond with OpenID metadata')
  if (named.data.issuer !== issuer) throw otherIssuer(issuer, named.data.issuer)
  const document = documentSchema.parse(body)
  // Libraries call these. They use our lookup, which checks names, but nothing there checks a literal IP address.
  for (const address of [document.token_endpoint, document.jwks_uri]) refuseBlockedAddress(address, addressExceptions())
  return {
    issuer,
    authorizationEndpoint: document.authorization_endpoint,
    tokenEndpoint: document.token_endpoint,
    jwksUri: document.jwks_uri,
    endSessionEndpoint: document.end_session_endpoint,
    revocationEndpoint: document.revocation_endpoint,
    userInfoEndpoint: document.userinfo_endpoint,
    scopesSupported: document.scopes_supported,
    idTokenAlgorithms: document.id_token_signing_alg_values_supported,
    tokenEndpointAuthMethods: document.token_endpoint_auth_methods_supported,
    clockBehindSeconds: secondsBehind(response.headers.get('date')),
  }
}

async function renew(issuer: string, entry: Entry): Promise<ProviderMetadata> {
  try {
    entry.metadata = await discover(issuer)
    entry.failed = undefined
    entry.until = Date.now() + freshForMs
    return entry.metadata
  } catch (error) {
    log.warn({ err: error, issuer }, 'could not read the identity provider’s metadata')
    entry.failed =
      error instanceof Misconfigured ? error : new Error('the identity provider does not respond', { cause: error })
    entry.until = Date.now() + retryAfterMs
    // The last good metadata stays valid: an outage of the provider must not invalidate running sessions.
    if (entry.metadata) return entry.metadata
    throw entry.failed
  } finally {
    entry.pending = undefined
  }
}

/**
 * The configured provider's metadata. Metadata older than ten minutes is refreshed in the background: a provider that
 * hangs must not make every call hang.
 * @throws Error when the provider has never responded with valid metadata
 */
export async function providerMetadata(): Promise<ProviderMetadata> {
  const { issuer } = identitySettings()
  const entry = entries.get(issuer) ?? { until: 0 }
  entries.set(issuer, entry)
  const isDue = Date.now() >= entry.until
  if (isDue) entry.pending ??= renew(issuer, entry)
  // renew() never rejects once there is metadata.
  if (entry.metadata) return entry.metadata
  if (entry.pending) return entry.pending
  throw entry.failed ?? new Error('the identity provider does not respond')
}

/** The origins to which a browser is redirected when it signs in or out, as far as they are known yet. */
export function knownProviderOrigins(): string[] {
  const { issuer } = identitySettings()
  const metadata = entries.get(issuer)?.metadata
  const addresses = [issuer, metadata?.authorizationEndpoint, metadata?.endSessionEndpoint]
  return [...new Set(addresses.flatMap((address) => (address ? [new URL(address).origin] : [])))]
}
