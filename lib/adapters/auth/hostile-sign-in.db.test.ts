import type { JWTPayload } from 'jose'
import { afterAll, afterEach, expect, test } from 'vitest'
import { metrics } from '#lib/observability/metrics'
import { aBrowser, type Browser, beginAt, withoutReference } from '#testing/browser'
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

/** A sign-in up to the provider's redirect back; `claims` are those that an honest provider would sign. */
async function begin(): Promise<Begun> {
  const browser = aBrowser()
  const query = new URL(await beginAt(browser)).searchParams
  const claims = {
    iss: hostile.issuer,
    aud: 'postern',
    sub: 'mallory',
    name: 'Mallory',
    nonce: query.get('nonce') ?? '',
    iat: now(),
    exp: now() + 300,
  }
  return { browser, state: query.get('state') ?? '', claims }
}

let callers = 0
/** A new address for each call, because refusals of one address are recorded only ten times a minute. */
const fromNewAddress = () => ({ 'x-forwarded-for': `192.0.2.${++callers}` })

async function finish(
  { browser, state }: Begun,
  headers = fromNewAddress(),
): Promise<{ location: string | null; hasSession: boolean }> {
  const path = `/api/auth/callback/oidc?code=anything&state=${encodeURIComponent(state)}`
  const answer = browser.keep(await finishSignIn(browser.request(path, { headers })))
  return { location: withoutReference(answer), hasSession: browser.cookies.has('postern.session') }
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

/** The defect, the token that has it, and the recorded code. */
const forgeries: [string, (begun: Begun) => Promise<string> | string, string][] = [
  ['another issuer', ({ claims }) => hostile.sign({ ...claims, iss: 'https://elsewhere.example' }), 'wrong-issuer'],
  ['another audience', ({ claims }) => hostile.sign({ ...claims, aud: 'another-client' }), 'wrong-audience'],
  [
    'several audiences and another authorized party',
    ({ claims }) => hostile.sign({ ...claims, aud: ['postern', 'another-client'], azp: 'another-client' }),
    'wrong-audience',
  ],
  ['the nonce of another sign-in', ({ claims }) => hostile.sign({ ...claims, nonce: 'x'.repeat(43) }), 'wrong-nonce'],
  ['no nonce', ({ claims: { nonce: _, ...claims } }) => hostile.sign(claims), 'wrong-nonce'],
  [
    'an expiry in the past',
    ({ claims }) => hostile.sign({ ...claims, iat: now() - 600, exp: now() - 60 }),
    'expired-token',
  ],
  ['no expiry', ({ claims: { exp: _, ...claims } }) => hostile.sign(claims), 'expired-token'],
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
  ['text that is not a token', () => 'nonsense', 'bad-signature'],
]

test('a valid response of the same server is accepted, so that the forgeries fail only for their own defect', async () => {
  const begun = await begin()
  hostile.answers.idToken = await hostile.sign({ ...begun.claims, sub: 'alice' })
  expect(await finish(begun)).toEqual({ location: `${testUrl}/`, hasSession: true })
})

test.for(forgeries)(
  'an id_token with %s is refused and recorded, and creates no session and no person',
  async ([, forge, code]) => {
    const before = await rows()
    const begun = await begin()
    hostile.answers.idToken = await forge(begun)
    expect(await finish(begun)).toEqual({ location: `${testUrl}/sign-in?error=not-accepted`, hasSession: false })
    expect(await lastRefusal()).toMatchObject({ data: { code }, actor_kind: 'unknown' })
    expect(await rows()).toEqual(before)
  },
)

test('the state of another sign-in is refused before the code is exchanged', async () => {
  const begun = await begin()
  hostile.answers.idToken = await hostile.sign(begun.claims)
  expect(await finish({ ...begun, state: 'x'.repeat(43) })).toEqual({
    location: `${testUrl}/sign-in?error=unfinished`,
    hasSession: false,
  })
  expect((await lastRefusal())?.data.code).toBe('wrong-state')
})

test('a provider that fails and a provider that declines lead to different messages', async () => {
  const begun = await begin()
  hostile.answers.tokenStatus = 503
  expect((await finish(begun)).location).toMatch(/error=(unavailable|not-accepted)$/)
  const { browser } = await begin()
  const denied = await finishSignIn(browser.request('/api/auth/callback/oidc?error=access_denied&state=x'))
  expect(withoutReference(denied)).toBe(`${testUrl}/sign-in?error=declined`)
})

test('an anonymous caller cannot fill the audit table: ten refusals a minute are recorded for one address', async () => {
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
  // A new minute may begin once while this runs.
  expect(await count()).toBeGreaterThanOrEqual(10)
  expect((await count()) ?? 0).toBe(15 - ((await refusalsUnrecorded()) - unrecorded))
})

test.each([
  ['without the scope offline_access and without a refresh token is refused', 'openid profile email groups', false],
  ['without the scope email and without an e-mail address is refused', 'openid profile groups offline_access', false],
  ['with every scope but no refresh token is accepted', 'openid profile email groups offline_access', true],
])('a sign-in %s', async (_, scope, isAccepted) => {
  const begun = await begin()
  Object.assign(hostile.answers, { idToken: await hostile.sign(begun.claims), scope })
  expect((await finish(begun)).hasSession).toBe(isAccepted)
  if (!isAccepted) expect(await lastRefusal()).toMatchObject({ data: { code: 'missing-scope' } })
})
