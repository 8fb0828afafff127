import type { JWTPayload } from 'jose'
import { afterAll, expect, test } from 'vitest'
import { AppError } from '#lib/core/access/errors'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testUrl } from '#testing/identity'
import { testPolicy } from '#testing/policy'
import { until } from '#testing/until'
import { actorOfRequest } from './actor-of-request.ts'

const database = await testDatabase()
const hostile = await startHostileIssuer()
const policy = await testPolicy(
  aConfiguration({
    identity: { issuer: hostile.issuer, clientId: 'postern', apiAudience: 'postern-api' },
    trustedProxies: 1,
  }),
)
afterAll(async () => {
  await policy.stop()
  await hostile.stop()
  await database.drop()
})

const now = () => Math.floor(Date.now() / 1000)
const honest = (): JWTPayload => ({
  iss: hostile.issuer,
  aud: 'postern-api',
  sub: 'mallory',
  groups: ['platform-admins'],
  iat: now(),
  exp: now() + 300,
})

let callers = 0
const actorOf = (token: string) => {
  const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': `192.0.2.${++callers}` }
  return actorOfRequest(new Request(`${testUrl}/api/v1/me`, { headers }))
}

const lastRefusal = async () => {
  const [row] = await database.asOwner<{ code: string; reference: string }>(
    `SELECT data->>'code' AS code, reference FROM audit_events WHERE type = 'bearer.refused' ORDER BY seq DESC LIMIT 1`,
  )
  return row?.code
}

test('a valid token of this provider is accepted up to a minute after it expires', async () => {
  expect((await actorOf(await hostile.sign(honest()))).person.subject).toBe('mallory')
  const late = { ...honest(), iat: now() - 600, exp: now() - 50 }
  expect((await actorOf(await hostile.sign(late))).person.subject).toBe('mallory')
})

const forgeries: [string, () => Promise<string> | string, string][] = [
  ['another issuer', () => hostile.sign({ ...honest(), iss: 'https://elsewhere.example' }), 'wrong-issuer'],
  ['the web client’s audience', () => hostile.sign({ ...honest(), aud: 'postern' }), 'wrong-audience'],
  ['no audience', () => hostile.sign({ ...honest(), aud: undefined }), 'wrong-audience'],
  ['an expiry more than a minute ago', () => hostile.sign({ ...honest(), exp: now() - 70 }), 'expired-token'],
  ['no expiry', () => hostile.sign({ ...honest(), exp: undefined }), 'bad-claims'],
  ['no issue time', () => hostile.sign({ ...honest(), iat: undefined }), 'bad-claims'],
  [
    'an issue time in the future',
    () => hostile.sign({ ...honest(), iat: now() + 600, exp: now() + 900 }),
    'not-a-token',
  ],
  ['no subject', () => hostile.sign({ ...honest(), sub: undefined }), 'bad-claims'],
  ['a subject with control characters', () => hostile.sign({ ...honest(), sub: 'mal\u0000lory' }), 'not-a-token'],
  ['no signature (alg none)', () => hostile.unsigned(honest()), 'wrong-algorithm'],
  [
    'HS256 with the public key as its secret',
    () => hostile.sign(honest(), { key: hostile.publicPem, header: { alg: 'HS256' } }),
    'wrong-algorithm',
  ],
  [
    'a key that is not published (unknown kid)',
    () => hostile.sign(honest(), { key: hostile.unpublishedKey, header: { kid: 'another' } }),
    'unknown-key',
  ],
  [
    'another key under a published name',
    () => hostile.sign(honest(), { key: hostile.unpublishedKey }),
    'bad-signature',
  ],
  ['the ID token of a sign-in', () => hostile.sign({ ...honest(), aud: 'postern', nonce: 'n' }), 'id-token'],
  [
    'an ID token of the sign-in client for both audiences',
    () => hostile.sign({ ...honest(), aud: ['postern-api', 'postern'], azp: 'postern', nonce: 'n' }),
    'id-token',
  ],
  ['the type of Keycloak’s ID tokens', () => hostile.sign({ ...honest(), typ: 'ID' }), 'id-token'],
  [
    'the type of an ID token, for another audience',
    () => hostile.sign({ ...honest(), aud: 'postern', typ: 'ID' }),
    'id-token',
  ],
  [
    'the type of an ID token, and that of an access token in its header',
    () => hostile.sign({ ...honest(), typ: 'ID' }, { header: { typ: 'at+jwt' } }),
    'id-token',
  ],
  ['the type of Keycloak’s refresh tokens', () => hostile.sign({ ...honest(), typ: 'Refresh' }), 'not-a-token'],
  ['the type of Keycloak’s logout tokens', () => hostile.sign({ ...honest(), typ: 'Logout' }), 'not-a-token'],
  ['a type that is not text', () => hostile.sign({ ...honest(), typ: ['Bearer'] }), 'not-a-token'],
  ['the type of another kind of token', () => hostile.sign(honest(), { header: { typ: 'logout+jwt' } }), 'not-a-token'],
]

test.for(forgeries)('a bearer token with %s is refused and recorded', async ([, forge, code]) => {
  const error = await actorOf(await forge()).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(AppError)
  expect(error).toMatchObject({ code: 'unauthenticated' })
  expect(await lastRefusal()).toBe(code)
})

test('a refused ID token is called an ID token', async () => {
  const error = await actorOf(await hostile.sign({ ...honest(), typ: 'ID' })).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ message: expect.stringContaining('it is an ID token') })
})

const accessTokens: [string, JWTPayload, string | undefined][] = [
  ['Dex, for another client of the API', { aud: ['postern-api', 'cli'], azp: 'cli', nonce: 'n' }, undefined],
  ['Dex, with the audience of the API alone', { azp: 'cli' }, undefined],
  [
    'Keycloak, with the nonce of the sign-in',
    { aud: ['postern-api', 'postern'], azp: 'postern', typ: 'Bearer' },
    'JWT',
  ],
  ['Keycloak, of another client', { aud: ['postern-api', 'account'], azp: 'cli', nonce: 'n', typ: 'Bearer' }, 'JWT'],
  ['a provider that follows RFC 9068', { client_id: 'cli', nonce: 'n' }, 'at+jwt'],
  ['a provider that writes the whole media type', { client_id: 'cli' }, 'application/at+jwt'],
]

test.for(accessTokens)('an access token of %s is accepted, even with an at_hash', async ([, claims, typ]) => {
  const header = typ === undefined ? {} : { typ }
  const token = await hostile.sign({ ...honest(), at_hash: 'abc', ...claims }, { header })
  expect((await actorOf(token)).person.subject).toBe('mallory')
})

test('a token that was just accepted is refused once it expires', async () => {
  const token = await hostile.sign({ ...honest(), sub: 'expiring', iat: now() - 600, exp: now() - 55 })
  expect((await actorOf(token)).person.subject).toBe('expiring')
  const isRefused = () =>
    actorOf(token).then(
      () => false,
      ({ code }) => code === 'unauthenticated',
    )
  await until('the token is refused', isRefused)
  expect(await lastRefusal()).toBe('expired-token')
})

test('a forged token is refused although the real one was just accepted', async () => {
  const token = await hostile.sign({ ...honest(), sub: 'warm' })
  const [head = '', body = '', signature = ''] = token.split('.')
  expect((await actorOf(token)).person.subject).toBe('warm')
  const other = Buffer.from(JSON.stringify({ ...honest(), sub: 'someone-else' })).toString('base64url')
  for (const forged of [
    [head, other, signature],
    [head, body, `${signature.slice(0, -4)}AAAA`],
    [head, body, ''],
  ])
    await expect(actorOf(forged.join('.'))).rejects.toMatchObject({ code: 'unauthenticated' })
  expect((await actorOf(token)).person.subject).toBe('warm')
})

test('a token whose key the provider withdrew is refused as soon as the keys were fetched, although it was accepted before', async () => {
  const token = await hostile.sign({ ...honest(), sub: 'withdrawn' })
  expect((await actorOf(token)).person.subject).toBe('withdrawn')
  hostile.answers.hasNewKey = true
  try {
    // A token with an unknown key makes Postern fetch the keys, at most every ten seconds.
    const unknown = await hostile.sign(honest(), { key: hostile.unpublishedKey, header: { kid: 'unknown' } })
    const isRefused = async () => {
      await actorOf(unknown).catch(() => {})
      return actorOf(token).then(
        () => false,
        ({ code }) => code === 'unauthenticated',
      )
    }
    await until('the token is refused', isRefused)
    expect(await lastRefusal()).toBe('unknown-key')
  } finally {
    hostile.answers.hasNewKey = false
  }
})
