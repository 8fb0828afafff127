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

const actorOf = (authorization: string) =>
  actorOfRequest(new Request(`${testUrl}/api/v1/me`, { headers: { authorization } }))

const refused = async (authorization: string) => {
  const error = await actorOf(authorization).catch((thrown: unknown) => thrown)
  return error instanceof AppError ? `${error.code}: ${error.message}` : error
}

test('a bearer token of the configured provider for the API’s audience identifies the caller', async () => {
  const actor = await actorOf(`Bearer ${await identity.token('ola')}`)
  expect(actor).toMatchObject({
    person: { subject: 'ola', email: 'ola@example.com', groups: ['platform-admins'] },
    roles: ['admin'],
    origin: { via: 'api' },
  })
})

test('after the provider rotates its keys, tokens signed with the old and the new key are accepted', async () => {
  const before = await identity.token('mina')
  await actorOf(`Bearer ${before}`)
  identity.provider.rotateKeys()
  expect((await actorOf(`Bearer ${before}`)).person.subject).toBe('mina')
  // The keys are fetched at most every ten seconds, so the new one may be unknown at first.
  const after = await identity.token('mina')
  await expect
    .poll(async () => (await actorOf(`Bearer ${after}`).catch(() => null))?.person.subject, {
      timeout: 60_000,
      interval: 500,
    })
    .toBe('mina')
})

test('a group lost after a token was issued grants nothing, however long the token stays valid', async () => {
  identity.provider.setGroups('tomas', ['sre', 'security-audit'])
  const token = await identity.token('tomas')
  const { person, roles } = await actorOf(`Bearer ${token}`)
  expect(roles).toEqual(['auditor'])
  await isNowIn(person, ['sre'])
  const actor = await actorOf(`Bearer ${token}`)
  expect([actor.person.groups, actor.roles]).toEqual([['sre'], []])
})

test('a token of another issuer, an unsigned token and text that is not a token are refused', async () => {
  const now = Math.floor(Date.now() / 1000)
  const { issuer } = identity.provider
  const claims = { iss: issuer, aud: 'postern-api', sub: 'mallory', iat: now, exp: now + 300 }
  const cases: [string, RegExp][] = [
    [`Bearer ${await hostile.sign(claims)}`, /not publish|signature is invalid/],
    [`Bearer ${await hostile.sign(claims, { key: hostile.publicPem, header: { alg: 'HS256' } })}`, /not allowed/],
    [`Bearer ${hostile.unsigned(claims)}`, /not allowed|not a valid access token/],
    ['Bearer nonsense', /not a valid access token/],
    ['Bearer', /Send Bearer, a space/],
    ['Basic bWluYTptaW5h', /Send Bearer, a space/],
  ]
  for (const [authorization, reason] of cases) {
    expect(await refused(authorization), authorization).toMatch(/^unauthenticated: /)
    expect(await refused(authorization), authorization).toMatch(reason)
  }
})

test('a call with neither a token nor a session is refused as unauthenticated', async () => {
  await expect(actorOfRequest(new Request(`${testUrl}/api/v1/me`))).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('a token of the terminal’s own client tells Postern a person’s groups, and one of another client does not', async () => {
  await identity.change({
    identity: {
      ...{ issuer: identity.provider.issuer, clientId: 'postern', apiAudience: 'postern-api' },
      cli: { clientId: 'postern-cli' },
    },
  })
  const groupsOf = async (person: string, client: string) =>
    (await actorOf(`Bearer ${await identity.provider.sign(person, { claims: { client_id: client } })}`)).person.groups
  expect(await groupsOf('jonas', 'another')).toEqual([])
  expect(await groupsOf('jonas', 'postern-cli')).toEqual(['search-dev'])
})

test('only a token of the terminal’s own client comes from the terminal', async () => {
  const own = { issuer: identity.provider.issuer, clientId: 'postern', apiAudience: 'postern-api' }
  const isTerminal = async (client: string) =>
    (await actorOf(`Bearer ${await identity.provider.sign('jonas', { claims: { client_id: client } })}`)).origin
      .isTerminal
  await identity.change({ identity: { ...own, cli: { clientId: 'postern-cli' } } })
  expect(await Promise.all(['postern-cli', 'postern', 'another'].map(isTerminal))).toEqual([true, false, false])
  await identity.change({ identity: { ...own, cli: { clientId: 'postern' } } })
  expect(await isTerminal('postern'), 'where the pages have the same client').toBe(false)
})
