import type { JWTPayload } from 'jose'
import { afterAll, afterEach, expect, test } from 'vitest'
import { metrics } from '#lib/observability/metrics'
import { aBrowser, type Browser, beginAt } from '#testing/browser'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testUrl } from '#testing/identity'
import { testPolicy } from '#testing/policy'
import { finishSignIn } from './sign-in.ts'

const database = await testDatabase()
const hostile = await startHostileIssuer()
const policy = await testPolicy(
  aConfiguration({
    identity: { issuer: hostile.issuer, clientId: 'postern', apiAudience: 'postern-api' },
    trustedProxies: 1,
  }),
)
afterEach(() => Object.assign(hostile.answers, { idToken: '', tokenStatus: 200, keysStatus: 200, scope: '' }))
afterAll(async () => {
  await policy.stop()
  await hostile.stop()
  await database.drop()
})

const now = () => Math.floor(Date.now() / 1000)

type Begun = { browser: Browser; state: string; claims: JWTPayload }

/** A sign-in up to the point where the provider sends the browser back; `claims` are what an honest one would sign. */
async function begin(): Promise<Begun> {
  const browser = aBrowser()
  const asked = new URL(await beginAt(browser)).searchParams
  const claims = {
    iss: hostile.issuer,
    aud: 'postern',
    sub: 'mallory',
    name: 'Mallory',
    nonce: asked.get('nonce') ?? '',
    iat: now(),
    exp: now() + 300,
  }
  return { browser, state: asked.get('state') ?? '', claims }
}

let callers = 0
/** An address of its own for each call: what one address is refused for is recorded ten times a minute only. */
const fromNewAddress = () => ({ 'x-forwarded-for': `192.0.2.${++callers}` })

async function finish(
  { browser, state }: Begun,
  headers = fromNewAddress(),
): Promise<{ location: string | null; hasSession: boolean }> {
  const path = `/api/auth/callback/oidc?code=anything&state=${encodeURIComponent(state)}`
  const answer = browser.keep(await finishSignIn(browser.request(path, { headers })))
  return { location: answer.headers.get('location'), hasSession: browser.cookies.has('postern.session') }
}

const rows = async () => {
  const [counts] = await database.asOwner<{ sessions: number; people: number }>(
    'SELECT (SELECT count(*)::int FROM sessions) AS sessions, (SELECT count(*)::int FROM people) AS people',
  )
  return counts
}

const lastRefusal = async () => {
  const [row] = await database.asOwner<{ data: { code: string }; actor_kind: string }>(
    `SELECT data, actor_kind FROM audit_events WHERE type = 'session.refused' ORDER BY seq DESC LIMIT 1`,
  )
  return row
}

/** What is wrong, how the token is made, what is recorded. */
const forgeries: [string, (begun: Begun) => Promise<string> | string, string][] = [
  ['another issuer', ({ claims }) => hostile.sign({ ...claims, iss: 'https://elsewhere.example' }), 'wrong-issuer'],
  ['another audience', ({ claims }) => hostile.sign({ ...claims, aud: 'somebody-else' }), 'wrong-audience'],
  [
    'several audiences and another authorized party',
    ({ claims }) => hostile.sign({ ...claims, aud: ['postern', 'somebody-else'], azp: 'somebody-else' }),
    'wrong-audience',
  ],
  ['the nonce of another sign-in', ({ claims }) => hostile.sign({ ...claims, nonce: 'x'.repeat(43) }), 'wrong-nonce'],
  ['no nonce', ({ claims: { nonce: _, ...claims } }) => hostile.sign(claims), 'wrong-nonce'],
  [
    'a time that is over',
    ({ claims }) => hostile.sign({ ...claims, iat: now() - 600, exp: now() - 60 }),
    'expired-token',
  ],
  ['no end', ({ claims: { exp: _, ...claims } }) => hostile.sign(claims), 'expired-token'],
  ['no signature (alg none)', ({ claims }) => hostile.unsigned(claims), 'wrong-algorithm'],
  [
    'HS256 with the public key as its secret',
    ({ claims }) => hostile.sign(claims, { key: hostile.publicPem, header: { alg: 'HS256' } }),
    'wrong-algorithm',
  ],
  [
    'a key that is not published (unknown kid)',
    ({ claims }) => hostile.sign(claims, { key: hostile.unpublishedKey, header: { kid: 'another' } }),
    'unknown-key',
  ],
  [
    'another key under a published name',
    ({ claims }) => hostile.sign(claims, { key: hostile.unpublishedKey }),
    'bad-signature',
  ],
  ['text that is no token', () => 'nonsense', 'bad-signature'],
]

test('an honest answer of the same server is accepted, so that what follows is refused for its own reason', async () => {
  const begun = await begin()
  hostile.answers.idToken = await hostile.sign({ ...begun.claims, sub: 'alice' })
  expect(await finish(begun)).toEqual({ location: `${testUrl}/`, hasSession: true })
})

test.for(forgeries)(
  'an id_token with %s is refused, recorded and explained in one sentence',
  async ([, forge, code]) => {
    const before = await rows()
    const begun = await begin()
    hostile.answers.idToken = await forge(begun)
    expect(await finish(begun)).toEqual({ location: `${testUrl}/sign-in?error=not-accepted`, hasSession: false })
    expect(await lastRefusal()).toMatchObject({ data: { code }, actor_kind: 'unknown' })
    expect(await rows()).toEqual(before)
  },
)

test('the state of another sign-in is refused before the code is even exchanged', async () => {
  const begun = await begin()
  hostile.answers.idToken = await hostile.sign(begun.claims)
  expect(await finish({ ...begun, state: 'x'.repeat(43) })).toEqual({
    location: `${testUrl}/sign-in?error=unfinished`,
    hasSession: false,
  })
  expect((await lastRefusal())?.data.code).toBe('wrong-state')
})

test('a provider that fails, or says no, is told apart from one that lies', async () => {
  const begun = await begin()
  hostile.answers.tokenStatus = 503
  expect((await finish(begun)).location).toMatch(/error=(unavailable|not-accepted)$/)
  const { browser } = await begin()
  const denied = await finishSignIn(browser.request('/api/auth/callback/oidc?error=access_denied&state=x'))
  expect(denied.headers.get('location')).toBe(`${testUrl}/sign-in?error=declined`)
})

test('a stranger cannot fill the audit table: ten refusals a minute are recorded of one address', async () => {
  const refusalsUnrecorded = async () => (await metrics().refusalsUnrecorded.get()).values[0]?.value ?? 0
  const count = async () => {
    const [row] = await database.asOwner<{ n: number }>(
      `SELECT count(*)::int AS n FROM audit_events WHERE client_address = '203.0.113.9'`,
    )
    return row?.n
  }
  const unrecorded = await refusalsUnrecorded()
  const { browser } = await begin()
  const headers = { 'x-forwarded-for': '203.0.113.9' }
  for (let i = 0; i < 15; i++) {
    await finishSignIn(browser.request('/api/auth/callback/oidc?error=access_denied', { headers }))
  }
  // The minute may turn over once while this runs.
  expect(await count()).toBeGreaterThanOrEqual(10)
  expect((await count()) ?? 0).toBe(15 - ((await refusalsUnrecorded()) - unrecorded))
})

test.each([
  ['the scope offline_access, and nothing to refresh groups by', 'openid profile email groups', false],
  ['the scope email, and no e-mail', 'openid profile groups offline_access', false],
  ['nothing, though it has no refresh token to give', 'openid profile email groups offline_access', true],
])('a provider that says it left out %s', async (_what, scope, isAccepted) => {
  const begun = await begin()
  Object.assign(hostile.answers, { idToken: await hostile.sign(begun.claims), scope })
  expect((await finish(begun)).hasSession).toBe(isAccepted)
  if (!isAccepted) expect(await lastRefusal()).toMatchObject({ data: { code: 'less-than-asked' } })
})
