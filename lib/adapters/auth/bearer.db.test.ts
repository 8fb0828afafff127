import { afterAll, expect, test } from 'vitest'
import { AppError } from '#lib/core/access/errors'
import { testDatabase } from '#testing/database'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testIdentity, testUrl } from '#testing/identity'
import { isNowIn } from '#testing/people'
import { actorOfRequest } from './actor-of-request.ts'

const database = await testDatabase()
const identity = await testIdentity()
const hostile = await startHostileIssuer()
afterAll(async () => {
  await identity.stop()
  await hostile.stop()
  await database.drop()
})

const asking = (authorization: string) =>
  actorOfRequest(new Request(`${testUrl}/api/v1/me`, { headers: { authorization } }))

const refused = async (authorization: string) => {
  const error = await asking(authorization).catch((thrown: unknown) => thrown)
  return error instanceof AppError ? `${error.code}: ${error.message}` : error
}

test('a bearer token of the configured provider, for the API’s audience, says who calls', async () => {
  const actor = await asking(`Bearer ${await identity.token('ola')}`)
  expect(actor).toMatchObject({
    person: { subject: 'ola', email: 'ola@example.com', groups: ['platform-admins'] },
    roles: ['admin'],
    origin: { via: 'api' },
  })
})

test('a token signed with a key that the provider has changed to since is accepted, and so is one of before', async () => {
  const before = await identity.token('mina')
  await asking(`Bearer ${before}`)
  identity.provider.rotateKeys()
  expect((await asking(`Bearer ${before}`)).person.subject).toBe('mina')
  // The keys are fetched again at most every ten seconds, so the new one may not be known at once.
  const after = await identity.token('mina')
  await expect
    .poll(async () => (await asking(`Bearer ${after}`).catch(() => null))?.person.subject, {
      timeout: 15_000,
      interval: 500,
    })
    .toBe('mina')
})

test('a group lost since a token was issued gives nothing, however long the token lives', async () => {
  identity.provider.setGroups('tomas', ['sre', 'security-audit'])
  const token = await identity.token('tomas')
  const { person, roles } = await asking(`Bearer ${token}`)
  expect(roles).toEqual(['auditor'])
  await isNowIn(person, ['sre'])
  const actor = await asking(`Bearer ${token}`)
  expect([actor.person.groups, actor.roles]).toEqual([['sre'], []])
})

test('a token of another issuer, another audience or no token at all is refused, and never excused by a cookie', async () => {
  const now = Math.floor(Date.now() / 1000)
  const { issuer } = identity.provider
  const claims = { iss: issuer, aud: 'postern-api', sub: 'mallory', iat: now, exp: now + 300 }
  const cases: [string, RegExp][] = [
    [`Bearer ${await hostile.sign(claims)}`, /not publish|signature is wrong/],
    [`Bearer ${await hostile.sign(claims, { key: hostile.publicPem, header: { alg: 'HS256' } })}`, /not allowed/],
    [`Bearer ${hostile.unsigned(claims)}`, /not allowed|not a token/],
    ['Bearer nonsense', /not a token/],
    ['Bearer', /Send Authorization: Bearer/],
    ['Basic bWluYTptaW5h', /Send Authorization: Bearer/],
  ]
  for (const [authorization, reason] of cases) {
    expect(await refused(authorization), authorization).toMatch(/^unauthenticated: /)
    expect(await refused(authorization), authorization).toMatch(reason)
  }
})

test('a call with neither token nor session is asked to sign in', async () => {
  await expect(actorOfRequest(new Request(`${testUrl}/api/v1/me`))).rejects.toMatchObject({ code: 'unauthenticated' })
})
