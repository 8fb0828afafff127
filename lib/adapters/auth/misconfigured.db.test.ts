import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { attention } from '#lib/views/attention'
import { aBrowser, beginAt, withoutReference } from '#testing/browser'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testUrl } from '#testing/identity'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { until } from '#testing/until'
import { checkProvider, watchProvider } from './check-provider.ts'
import { finishSignIn } from './sign-in.ts'
import { signInReference } from './sign-in-problem.ts'

type Provider = Awaited<ReturnType<typeof startHostileIssuer>>

const database = await testDatabase()
const policy = await testPolicy()
let provider: Provider
// A provider for each test, because its metadata is cached.
beforeEach(async () => {
  provider = await startHostileIssuer()
})
afterEach(() => provider.stop())
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const configure = (identity: Record<string, unknown> = {}) =>
  policy.change(
    aConfiguration({
      trustedProxies: 1,
      identity: { issuer: provider.issuer, clientId: 'postern', apiAudience: 'postern-api', ...identity },
    }),
  )

let callers = 0
/** A new address for each call, because refusals of one address are recorded only ten times a minute. */
const fromNewAddress = () => ({ 'x-forwarded-for': `192.0.2.${++callers}` })

const seconds = () => Math.floor(Date.now() / 1000)

/** A sign-in with an honest token, except for `claims`; the provider may redirect back with an `error` instead. */
async function signIn({ claims = {}, error = '' } = {}) {
  const browser = aBrowser()
  const begun = new URL(await beginAt(browser))
  if (begun.origin === testUrl) return begun.href
  const state = begun.searchParams.get('state') ?? ''
  const iat = seconds()
  const nonce = begun.searchParams.get('nonce')
  const all = { iss: provider.issuer, aud: 'postern', sub: 'alice', name: 'Alice', nonce, iat, exp: iat + 300 }
  provider.answers.idToken = await provider.sign({ ...all, ...claims })
  const query = new URLSearchParams(error ? { error, state } : { code: 'anything', state })
  const answer = await finishSignIn(browser.request(`/api/auth/callback/oidc?${query}`, { headers: fromNewAddress() }))
  return answer.headers.get('location') ?? ''
}

const lastRefusal = async () => {
  const [row] = await database.asOwner<{ data: Record<string, string>; reference: string }>(
    `SELECT data, reference FROM audit_events WHERE type = 'session.refused' ORDER BY seq DESC LIMIT 1`,
  )
  return row
}

type Case = {
  mistake: string
  identity?: (provider: Provider) => Record<string, unknown>
  answers?: (provider: Provider) => Partial<Provider['answers']>
  attempt?: Parameters<typeof signIn>[0]
  code: string
  sentence: RegExp
  providerError?: string
}

const cases: Case[] = [
  {
    mistake: 'a slash too many at the end of the issuer',
    identity: ({ issuer }) => ({ issuer: `${issuer}/` }),
    code: 'issuer-slash',
    sentence: /only the slash at the end differs/,
  },
  {
    mistake: 'a slash missing at the end of the issuer',
    answers: ({ issuer }) => ({ discoveredIssuer: `${issuer}/` }),
    code: 'issuer-slash',
    sentence: /only the slash at the end differs/,
  },
  {
    mistake: 'the issuer of another realm',
    answers: ({ issuer }) => ({ discoveredIssuer: `${issuer}/realms/other` }),
    code: 'other-issuer',
    sentence: /calls itself “.+\/realms\/other”/,
  },
  {
    mistake: 'a realm that does not exist',
    identity: ({ issuer }) => ({ issuer: `${issuer}/realms/none` }),
    code: 'no-provider',
    sentence: /\/realms\/none\/.well-known\/openid-configuration” responded 404/,
  },
  {
    mistake: 'another signature algorithm',
    identity: () => ({ idTokenAlgorithm: 'ES256' }),
    answers: () => ({ metadata: { id_token_signing_alg_values_supported: ['RS256'] } }),
    code: 'wrong-algorithm',
    sentence: /signs ID tokens with RS256, but identity.idTokenAlgorithm is ES256/,
  },
  {
    mistake: 'a wrong client secret',
    answers: () => ({ tokenStatus: 401, tokenError: 'invalid_client' }),
    code: 'client-refused',
    sentence: /does not accept Postern as a client/,
    providerError: 'invalid_client',
  },
  {
    mistake: 'a wrong client secret at Keycloak',
    answers: () => ({ tokenStatus: 401, tokenError: 'unauthorized_client' }),
    code: 'client-refused',
    sentence: /does not accept Postern as a client/,
    providerError: 'unauthorized_client',
  },
  {
    mistake: 'an unknown scope',
    answers: () => ({ authorizationError: 'invalid_scope' }),
    attempt: { error: 'invalid_scope' },
    code: 'unknown-scope',
    sentence: /scopes “openid profile email groups offline_access”/,
    providerError: 'invalid_scope',
  },
  {
    mistake: 'a clock that is 90 s behind the provider’s',
    answers: () => ({ date: new Date(Date.now() + 90_000) }),
    attempt: { claims: { nbf: seconds() + 90 } },
    code: 'clock',
    sentence: /clock is \d+ s behind/,
  },
]

test.for(cases)('$mistake is called a misconfiguration, not an outage', async (one) => {
  Object.assign(provider.answers, one.answers?.(provider))
  await configure(one.identity?.(provider))
  const found = await checkProvider()
  expect(found.map(({ code }) => code)).toEqual([one.code])
  expect(found[0]?.sentence).toMatch(one.sentence)
  const location = await signIn(one.attempt)
  expect(location).toMatch(/\/sign-in\?error=misconfigured&reference=/)
  const refusal = await lastRefusal()
  expect(refusal?.data).toMatchObject({ code: one.code, sentence: expect.stringMatching(one.sentence) })
  expect(refusal?.data.providerError).toBe(one.providerError)
  const reference = new URL(location).searchParams.get('reference')
  expect(reference, 'the page shows the reference of the record').toBe(refusal?.reference)
  expect(signInReference(reference)).toBe(reference)
})

test('a correct configuration and an outage are not called misconfigurations', async () => {
  Object.assign(provider.answers, { tokenStatus: 400, tokenError: 'invalid_grant' })
  await configure()
  expect(await checkProvider()).toEqual([])
  Object.assign(provider.answers, { tokenStatus: 503 })
  expect(await checkProvider()).toEqual([])
  expect(withoutReference(new Response(null, { headers: { location: await signIn() } }))).toMatch(/error=unavailable$/)
  const down = await startHostileIssuer()
  await down.stop()
  await configure({ issuer: down.issuer })
  expect(await checkProvider()).toEqual([])
})

test('a person whom the token endpoint refuses is told so, and the provider’s own error is recorded', async () => {
  Object.assign(provider.answers, { tokenStatus: 400, tokenError: 'not_allowed' })
  await configure()
  expect(await signIn()).toMatch(/error=declined/)
  expect((await lastRefusal())?.data).toMatchObject({ code: 'provider-declined', providerError: 'not_allowed' })
})

test('a misconfiguration is found when the configuration changes and shown on every page, with details for admins', async () => {
  await configure()
  watchProvider()
  const [admin, other] = [await anActor({ roles: ['admin'] }), await anActor()]
  const sentenceFor = async (actor: typeof admin) =>
    (await attention(actor)).find(({ kind }) => kind === 'provider-misconfigured')?.sentence
  Object.assign(provider.answers, { tokenStatus: 401, tokenError: 'invalid_client' })
  await configure({ clientId: 'unregistered' })
  watchProvider()
  await until('the check finds it', async () => (await sentenceFor(admin)) !== undefined)
  expect(await sentenceFor(admin)).toMatch(
    /misconfigured\. The identity provider does not accept Postern .+ Reference: \w{10}\.$/,
  )
  expect(await sentenceFor(other)).toMatch(/misconfigured\. Reference: \w{10}\.$/)
})
