// The tools of agents over HTTP, by the SDK's own client.
import {
  Client,
  type ClientOptions,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { finishSignIn } from '#lib/adapters/auth/sign-in'
import { tools } from '#lib/api-client/agent-tools'
import type { RequestResource } from '#lib/core/access/request-resource'
import { cliClient } from '#local/parts/identity-clients'
import { signInAs } from '#local/parts/sign-in'
import { aBrowser, beginAt } from '#testing/browser'
import { callTool } from '#testing/call-tool'
import { testDatabase } from '#testing/database'
import { type TestIdentity, testIdentity } from '#testing/identity'
import { aClusterState } from '#testing/requests'
import { servedRoutes } from '#testing/served-routes'
import * as metadata from '../.well-known/oauth-protected-resource/api/mcp/route.ts'
import * as agents from './mcp/route.ts'
import { apiRoutes } from './v1/routes.ts'

const metadataPath = '/.well-known/oauth-protected-resource/api/mcp'
const served = await servedRoutes(apiRoutes, {
  '/api/mcp': agents,
  [metadataPath]: { GET: async () => metadata.GET() },
})
const address = new URL('/api/mcp', served.url)
const database = await testDatabase()
let identity: TestIdentity

beforeAll(async () => {
  identity = await testIdentity({ publicUrl: served.url })
  const { issuer, clientId, audience } = identity.provider
  await identity.change({ identity: { issuer, clientId, apiAudience: audience, cli: cliClient } })
  await aClusterState()
})

const connected: Client[] = []
afterEach(async () => {
  for (const client of connected.splice(0)) await client.close()
})
afterAll(async () => {
  await served.stop()
  await identity.stop()
  await database.drop()
})

type Negotiation = ClientOptions['versionNegotiation']
const legacy: Negotiation = { mode: 'legacy' }
const modern: Negotiation = { mode: { pin: '2026-07-28' } }

async function agentOf(
  person: string,
  versionNegotiation = modern,
  clientInfo = { name: 'test-agent', version: '1.2.3' },
) {
  const client = new Client(clientInfo, { versionNegotiation })
  const token = await identity.token(person)
  await client.connect(
    new StreamableHTTPClientTransport(address, { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  )
  connected.push(client)
  return client
}

async function api(person: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${await identity.token(person)}`, 'content-type': 'application/json' }
  const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers }
  const response = await fetch(`${served.url}/api/v1${path}`, init)
  return { status: response.status, body: await response.json() }
}

const reason = 'the checkout pods hang since the last deploy'
const wanted = { entitlement: 'payments-restart', cluster: 'prod-eu', namespaces: ['payments'], reason }

/** A message that only a caller who is let in gets a result for. */
const listTools = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
const plainHeaders = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const send = (headers: Record<string, string>, init: RequestInit = { body: listTools }) =>
  fetch(address, { method: 'POST', ...init, headers: { ...plainHeaders, ...headers } })

test('an agent over HTTP has the tools of postern mcp, and no others', async () => {
  for (const negotiation of [legacy, modern]) {
    const listed = await (await agentOf('mina', negotiation)).listTools()
    expect(listed.tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint])).toEqual(
      Object.entries(tools).map(([name, { isReadOnly }]) => [name, isReadOnly]),
    )
  }
})

test.each([
  ['that names itself once', legacy],
  ['that names itself in each call', modern],
])('a client %s requests access, and an approver sees the name of the agent', async (_, negotiation) => {
  const client = await agentOf('mina', negotiation)
  expect((await callTool(client, 'list_entitlements')).data).toContainEqual(
    expect.objectContaining({ name: 'payments-restart' }),
  )
  const previewed = await callTool(client, 'preview_request', wanted)
  expect(previewed.data).toMatchObject({ verdict: { violations: [] } })
  const { data, isError, text } = await callTool(client, 'submit_request', wanted)
  expect(isError, text).toBe(false)
  const submitted = data as RequestResource
  expect(submitted).toMatchObject({ status: 'pending', agent: 'test-agent 1.2.3', digest: previewed.data.digest })
  const shown = await api('priya', `/requests/${submitted.id}`)
  expect(shown.body).toMatchObject({ agent: 'test-agent 1.2.3', via: 'agent', requester: { name: 'Mina Okafor' } })

  const waiting = callTool(client, 'wait_for_request', { id: submitted.id, seconds: 50 })
  const denial = { decision: 'deny', digest: submitted.digest, note: 'use the runbook' }
  expect((await api('priya', `/requests/${submitted.id}/decisions`, denial)).status).toBe(201)
  expect((await waiting).data).toMatchObject({ status: 'denied', page: `${served.url}/requests/${submitted.id}` })
  expect((await callTool(client, 'get_request', { id: submitted.id })).data).toMatchObject({
    decisions: [{ person: { name: 'Priya Raman' }, note: 'use the runbook' }],
  })
})

test('an agent signs in where the refusal of its first call says, with the SDK’s own flow', async () => {
  const redirectUrl = 'http://127.0.0.1:47111/callback'
  let tokens: StoredOAuthTokens | undefined
  let verifier = ''
  let discovered: OAuthDiscoveryState | undefined
  let toProvider = new URL('about:blank')
  const authProvider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata: { redirect_uris: [redirectUrl] },
    clientInformation: () => ({ client_id: cliClient.clientId }),
    tokens: () => tokens,
    saveTokens: (issued) => {
      tokens = issued
    },
    redirectToAuthorization: (url) => {
      toProvider = url
    },
    saveCodeVerifier: (code) => {
      verifier = code
    },
    codeVerifier: () => verifier,
    saveDiscoveryState: (state) => {
      discovered = state
    },
    discoveryState: () => discovered,
  }
  const transport = new StreamableHTTPClientTransport(address, { authProvider })
  const options = { versionNegotiation: legacy }
  await expect(new Client({ name: 'test-agent', version: '1' }, options).connect(transport)).rejects.toThrow(
    UnauthorizedError,
  )
  expect([toProvider.origin, toProvider.searchParams.get('resource')]).toEqual([identity.provider.issuer, address.href])
  const callback = new URL(await signInAs(toProvider.href, redirectUrl, 'mina'))
  await transport.finishAuth(callback.searchParams)
  const client = new Client({ name: 'test-agent', version: '1' }, options)
  connected.push(client)
  await client.connect(new StreamableHTTPClientTransport(address, { authProvider }))
  expect((await callTool(client, 'list_requests')).isError).toBe(false)
})

test('the metadata names the configured provider as the only authorization server (RFC 9728)', async () => {
  const response = await fetch(new URL(metadataPath, served.url))
  expect(await response.json()).toEqual({
    resource: address.href,
    resource_name: 'Postern',
    authorization_servers: [identity.provider.issuer],
    bearer_methods_supported: ['header'],
    scopes_supported: ['openid', 'profile', 'email', 'groups', 'offline_access'],
  })
})

const challenge = (error = '') =>
  new RegExp(`^Bearer realm="postern"${error}, resource_metadata="${served.url}${metadataPath}"$`)

test('a call without a token gets a 401 that names the metadata, even with a valid session', async () => {
  const browser = aBrowser()
  const back = await signInAs(await beginAt(browser), `${served.url}/api/auth/callback/oidc`, 'mina')
  browser.keep(await finishSignIn(browser.request(back)))
  const withSession = { cookie: `postern.session=${browser.cookies.get('postern.session')}` }
  expect((await fetch(`${served.url}/api/v1/me`, { headers: withSession })).status).toBe(200)
  for (const headers of [{}, { ...withSession, origin: served.url, 'sec-fetch-site': 'same-origin' }]) {
    const response = await send(headers)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(challenge())
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' })
  }
})

test.each([
  ['for another audience', { audience: 'another-api' }, 'issued for another audience'],
  ['that has expired', { issuedAt: 1_700_000_000 }, 'has expired'],
])('a token %s is refused as by the API, and the answer names the metadata', async (_, token, why) => {
  const response = await send({ authorization: `Bearer ${await identity.provider.sign('mina', token)}` })
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toMatch(challenge(`, error="invalid_token", .*${why}.*`))
})

test('a call of another site is refused, even with a valid token', async () => {
  const authorization = `Bearer ${await identity.token('mina')}`
  for (const origin of ['https://evil.example', 'null', served.url.replace('127.0.0.1', 'localhost')]) {
    const response = await send({ authorization, origin })
    expect([response.status, (await response.json()).code]).toEqual([403, 'cross-origin'])
  }
  expect((await send({ authorization, origin: served.url })).status).toBe(200)
})

test.each([
  [
    'a body of more than 256 KiB',
    { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x'.repeat(262_144) }) },
    {},
    413,
  ],
  ['a batch of messages', { body: `[${listTools},${listTools}]` }, {}, 400],
  ['a body that is not JSON', { body: '{' }, {}, 400],
  ['a form', { body: 'a=b' }, { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ['GET', { method: 'GET' }, {}, 405],
  ['DELETE, also of a session', { method: 'DELETE' }, { 'mcp-session-id': 'dGVzdA' }, 405],
])('%s is refused', async (_, init, headers, status) => {
  const response = await send({ authorization: `Bearer ${await identity.token('mina')}`, ...headers }, init)
  expect([response.status, await response.json()]).toEqual([status, expect.objectContaining({ status })])
})

test('the session id of another agent names an agent and opens nothing', async () => {
  const transport = (token: string, sessionId: string) =>
    new StreamableHTTPClientTransport(address, {
      sessionId,
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    })
  const own = await agentOf('mina', legacy)
  const { data: request } = await callTool(own, 'submit_request', wanted)
  const { sessionId = '' } = own.transport as StreamableHTTPClientTransport

  const jonas = new Client({ name: 'another', version: '1' }, { versionNegotiation: legacy })
  connected.push(jonas)
  // With an id the SDK's client takes the handshake for done.
  await jonas.connect(transport(await identity.token('jonas'), sessionId))
  expect(await callTool(jonas, 'get_request', { id: request.id })).toMatchObject({ isError: true })
  expect((await callTool(jonas, 'list_requests')).data).toEqual([])

  const mina = new Client({ name: 'another', version: '1' }, { versionNegotiation: legacy })
  connected.push(mina)
  const forged = Buffer.from(`evil\n\u202eagent${'x'.repeat(1000)}`).toString('base64url')
  await mina.connect(transport(await identity.token('mina'), forged))
  const { data } = await callTool(mina, 'submit_request', wanted)
  expect((data as { agent: string }).agent).toMatch(/^evil\[U\+000A\]\[U\+202E\]agentx{75}$/)
})

test('a submission without the name of an agent is still marked as an agent’s', async () => {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'submit_request', arguments: wanted } }
  const authorization = `Bearer ${await identity.token('mina')}`
  const response = await send({ authorization }, { body: JSON.stringify(message) })
  expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
  expect(await response.text()).toContain('\\"agent\\": \\"unnamed agent\\"')
})

test('no subscription keeps a connection open', async () => {
  const client = await agentOf('mina', modern)
  await expect(client.listen({ toolsListChanged: true })).rejects.toThrow('limit')
})
