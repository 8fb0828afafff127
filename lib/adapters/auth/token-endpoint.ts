import { z } from 'zod'
import { env } from '#lib/env'
import { log } from '#lib/observability/log'
import { callProvider } from './call-provider.ts'
import { identitySettings } from './configuration.ts'
import type { ProviderMetadata } from './discovery.ts'
import { clientAuthMethod } from './options.ts'
import { recordedError, TokenError } from './token-errors.ts'

// Calls to the provider as an authenticated client (RFC 6749 §2.3): refreshing and revoking a refresh token. The caller
// passes the metadata with whose issuer it compared the token's: read again, they could be another provider's.

const tokenResponseSchema = z.object({
  access_token: z.string().optional(),
  id_token: z.string().optional(),
  refresh_token: z.string().optional(),
})
export type Tokens = z.infer<typeof tokenResponseSchema>

function callAsClient(url: string, parameters: Record<string, string>, metadata: ProviderMetadata) {
  const { clientId } = identitySettings()
  const { oidcClientSecret } = env()
  const body = new URLSearchParams(parameters)
  const headers = new Headers({ accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' })
  if (clientAuthMethod(metadata) === 'client_secret_basic') {
    // RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
    const encoded = [clientId, oidcClientSecret].map((text) => new URLSearchParams({ x: text }).toString().slice(2))
    headers.set('authorization', `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`)
  } else {
    body.set('client_id', clientId)
    body.set('client_secret', oidcClientSecret)
  }
  return callProvider(url, { method: 'POST', headers, body: body.toString() })
}

const errorOf = async (response: Response): Promise<string | undefined> => {
  const body = await response.json().catch(() => undefined)
  return recordedError((body as { error?: unknown } | null | undefined)?.error)
}

/**
 * The tokens for a refresh token (RFC 6749 §6).
 * @throws TokenError when the provider responds with an error
 * @throws Error when it does not respond, or with something else than tokens
 */
export async function requestTokens(refreshToken: string, metadata: ProviderMetadata): Promise<Tokens> {
  const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const response = await callAsClient(metadata.tokenEndpoint, parameters, metadata)
  if (!response.ok) throw new TokenError(response.status, await errorOf(response))
  return tokenResponseSchema.parse(await response.json())
}

/**
 * Revokes a refresh token (RFC 7009), so that the provider does not keep a session that no one uses. Never throws: what
 * the token was for is over in Postern either way.
 */
export async function revokeRefreshToken(refreshToken: string, metadata: ProviderMetadata): Promise<void> {
  try {
    if (!metadata.revocationEndpoint) return
    const parameters = { token: refreshToken, token_type_hint: 'refresh_token' }
    const response = await callAsClient(metadata.revocationEndpoint, parameters, metadata)
    if (!response.ok) throw new TokenError(response.status, await errorOf(response))
  } catch (error) {
    log.warn({ err: error }, 'could not revoke a refresh token at the identity provider')
  }
}
