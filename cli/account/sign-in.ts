// Signs a person in at the identity provider of a Postern server: OAuth 2.0 for native apps (RFC 8252), with PKCE on a
// loopback address, or with a code that is entered on another device (RFC 8628).
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import * as oauth from 'oauth4webapi'
import { z } from 'zod'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { isLoopback } from '../server/address.ts'
import { fetchBytes, fetchText } from '../server/read-response.ts'
import { UsageError } from '../usage-error.ts'
import type { StoredTokens } from './contexts.ts'

const metadata = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.url()).min(1),
  scopes_supported: z.array(z.string()).default(['openid']),
  postern_cli: z.object({ client_id: z.string(), resource: z.string().optional() }).optional(),
})

export type Provider = {
  server: string
  authorizationServer: oauth.AuthorizationServer
  client: oauth.Client
  scope: string
  resource: string | undefined
}

const timeoutMs = 20_000

/** As `fetch`, within the limits of size and time of every other call. */
async function fetchWithin(url: string, init: RequestInit): Promise<Response> {
  const { status, headers, bytes } = await fetchBytes(new URL(url), init, timeoutMs)
  const hasNoBody = status === 204 || status === 304
  return new Response(hasNoBody ? null : new Uint8Array(bytes), { status, headers })
}

/** How to call a provider. NB: its address comes from the server, and only this machine may use plain http. */
const options = (url: string) => ({
  [oauth.customFetch]: fetchWithin as typeof fetch,
  [oauth.allowInsecureRequests]: isLoopback(new URL(url)),
})

const failed = (message: string) => new CommandFailure(exitCodes.refused, message)

/** The provider's own words for an error, or what made its response unusable. */
function reasonOf(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError) return error.error_description ?? error.error
  if (error instanceof oauth.AuthorizationResponseError) return error.error_description ?? error.error
  return error instanceof Error ? error.message : String(error)
}

async function authorizationServerOf(issuer: string): Promise<oauth.AuthorizationServer> {
  try {
    const url = new URL(issuer)
    return await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, options(issuer)))
  } catch (error) {
    throw new CommandFailure(
      exitCodes.unreachable,
      `Can't read the description of the identity provider ${issuer}: ${reasonOf(error)}`,
    )
  }
}

/**
 * The provider that a server names.
 * @throws CommandFailure if the server can't be reached, or has no client for the terminal
 */
export async function findProvider(server: string): Promise<Provider> {
  const { status, text } = await fetchText(new URL('/.well-known/oauth-protected-resource', server), {}, timeoutMs)
  let found: z.output<typeof metadata>
  try {
    found = metadata.parse(JSON.parse(text))
  } catch {
    throw new CommandFailure(exitCodes.unreachable, `${server} is not a Postern server (status ${status}).`)
  }
  // RFC 9728 §3.3: or else another server could name itself as this one.
  if (new URL(found.resource).origin !== server)
    throw new UsageError(`${server} says that its address is ${found.resource}. Use that address.`)
  const [issuer = ''] = found.authorization_servers
  if (!found.postern_cli)
    throw failed(
      `${server} has no sign-in for terminals: its administrator has to set identity.cli in postern.yaml.\n` +
        'Until then, set a bearer token in POSTERN_TOKEN.',
    )
  const { client_id, resource } = found.postern_cli
  const authorizationServer = await authorizationServerOf(issuer)
  return { server, authorizationServer, client: { client_id }, scope: found.scopes_supported.join(' '), resource }
}

const resourceOf = ({ resource }: Pick<Provider, 'resource'>): Record<string, string> => (resource ? { resource } : {})

function storedTokens(provider: Provider, tokens: oauth.TokenEndpointResponse): StoredTokens {
  const { server, authorizationServer, client, resource } = provider
  return {
    ...{ server, issuer: authorizationServer.issuer, clientId: client.client_id, accessToken: tokens.access_token },
    // RFC 6749 §5.1 recommends `expires_in`. Without it, the server says when the token is refused.
    expiresAt: Date.now() + (tokens.expires_in ?? 3600) * 1000,
    ...(resource ? { resource } : {}),
    ...(tokens.refresh_token ? { refreshToken: tokens.refresh_token } : {}),
  }
}

const page = (title: string, text: string) =>
  `<!doctype html><meta charset="utf-8"><title>${title}</title><body style="font:16px system-ui;margin:4rem"><h1>${title}</h1><p>${text}`

/** Listens on this machine for one redirect of the browser. */
async function loopback() {
  let arrived: (url: URL) => void = () => {}
  const redirect = new Promise<URL>((resolve) => {
    arrived = resolve
  })
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    if (request.method !== 'GET' || url.pathname !== '/callback') return response.writeHead(404).end()
    const isRefused = url.searchParams.has('error')
    const body = isRefused
      ? page('Not signed in', 'The identity provider refused. Your terminal says why.')
      : page('Signed in', 'You can close this page and go back to your terminal.')
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    })
    response.end(body, () => arrived(url))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { redirect, redirectUri: `http://127.0.0.1:${port}/callback`, close }
}

/** How long a person may take to sign in. */
const patienceMs = 5 * 60_000

/**
 * Signs in with a browser on this machine.
 * @param open shows the address to the person
 */
export async function signInWithBrowser(provider: Provider, open: (url: string) => void): Promise<StoredTokens> {
  const { authorizationServer, client, scope } = provider
  if (!authorizationServer.authorization_endpoint) throw failed('The identity provider has no sign-in page.')
  const listener = await loopback()
  try {
    const [verifier, state, nonce] = [
      oauth.generateRandomCodeVerifier(),
      oauth.generateRandomState(),
      oauth.generateRandomNonce(),
    ]
    const url = new URL(authorizationServer.authorization_endpoint)
    for (const [name, value] of Object.entries({
      ...{
        client_id: client.client_id,
        response_type: 'code',
        redirect_uri: listener.redirectUri,
        scope,
        state,
        nonce,
      },
      ...{ code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
      ...resourceOf(provider),
    }))
      url.searchParams.set(name, value)
    open(url.href)
    const timeout = delay(patienceMs, null, { ref: false })
    const redirect = await Promise.race([listener.redirect, timeout])
    if (!redirect) throw new CommandFailure(exitCodes.timedOut, 'No one signed in within five minutes.')
    const answer = oauth.validateAuthResponse(authorizationServer, client, redirect, state)
    const response = await oauth.authorizationCodeGrantRequest(
      ...([authorizationServer, client, oauth.None(), answer, listener.redirectUri, verifier] as const),
      { ...options(authorizationServer.issuer), additionalParameters: resourceOf(provider) },
    )
    const expected = scope.split(' ').includes('openid') ? { expectedNonce: nonce } : {}
    return storedTokens(
      provider,
      await oauth.processAuthorizationCodeResponse(authorizationServer, client, response, expected),
    )
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw failed(`The identity provider did not sign you in: ${reasonOf(error)}`)
  } finally {
    listener.close()
  }
}

export const hasDeviceFlow = ({ authorizationServer }: Provider): boolean =>
  Boolean(authorizationServer.device_authorization_endpoint)

/** Seconds. No provider needs longer; RFC 8628 recommends five between two questions. */
const longestCodeSeconds = 3600
const longestInterval = 60

/** Signs in with a code that the person enters in a browser, on this or another device. */
export async function signInWithCode(
  provider: Provider,
  show: (device: { url: string; code: string }) => void,
): Promise<StoredTokens> {
  const { authorizationServer, client, scope } = provider
  const calls = options(authorizationServer.issuer)
  try {
    const device = await oauth.processDeviceAuthorizationResponse(
      authorizationServer,
      client,
      await oauth.deviceAuthorizationRequest(
        ...([authorizationServer, client, oauth.None(), { scope, ...resourceOf(provider) }, calls] as const),
      ),
    )
    show({ url: device.verification_uri, code: device.user_code })
    const until = Date.now() + Math.min(device.expires_in, longestCodeSeconds) * 1000
    let seconds = device.interval ?? 5
    while (Date.now() < until) {
      // NB: a timer of more than 24 days fires at once, so a provider could have itself asked again and again.
      seconds = Math.min(Math.max(seconds, 1), longestInterval)
      await delay(Math.min(seconds * 1000, until - Date.now()))
      try {
        const response = await oauth.deviceCodeGrantRequest(
          ...([authorizationServer, client, oauth.None(), device.device_code] as const),
          { ...calls, additionalParameters: resourceOf(provider) },
        )
        return storedTokens(provider, await oauth.processDeviceCodeResponse(authorizationServer, client, response))
      } catch (error) {
        if (!(error instanceof oauth.ResponseBodyError)) throw error
        if (error.error === 'slow_down') seconds += 5
        else if (error.error !== 'authorization_pending') throw error
      }
    }
    throw new CommandFailure(exitCodes.timedOut, 'The code expired before anyone signed in.')
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw failed(`The identity provider did not sign you in: ${reasonOf(error)}`)
  }
}

/** New tokens for the refresh token; null if the provider no longer accepts it. */
export async function refresh(stored: StoredTokens): Promise<StoredTokens | null> {
  if (!stored.refreshToken) return null
  const authorizationServer = await authorizationServerOf(stored.issuer)
  const client = { client_id: stored.clientId }
  try {
    const response = await oauth.refreshTokenGrantRequest(
      ...([authorizationServer, client, oauth.None(), stored.refreshToken] as const),
      { ...options(stored.issuer), additionalParameters: resourceOf({ resource: stored.resource }) },
    )
    const tokens = await oauth.processRefreshTokenResponse(authorizationServer, client, response)
    const provider = { server: stored.server, authorizationServer, client, scope: '', resource: stored.resource }
    // RFC 6749 §6: without a new refresh token the old one stays valid.
    return { refreshToken: stored.refreshToken, ...storedTokens(provider, tokens) }
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) return null
    throw new CommandFailure(exitCodes.unreachable, `Can't renew the sign-in: ${reasonOf(error)}`)
  }
}

/** Ends the session at the provider, so that a copy of the file is worthless. False if it has no way to do that. */
export async function revoke(stored: StoredTokens): Promise<boolean> {
  const authorizationServer = await authorizationServerOf(stored.issuer)
  if (!authorizationServer.revocation_endpoint) return false
  const client = { client_id: stored.clientId }
  const token = stored.refreshToken ?? stored.accessToken
  const calls = options(stored.issuer)
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(...([authorizationServer, client, oauth.None(), token, calls] as const)),
  )
  return true
}
