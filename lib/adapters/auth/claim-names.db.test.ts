import type { JWTPayload } from 'jose'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { aBrowser, beginAt } from '#testing/browser'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testUrl } from '#testing/identity'
import { testPolicy } from '#testing/policy'
import { actorOfRequest } from './actor-of-request.ts'
import { finishSignIn } from './sign-in.ts'

// A provider like Microsoft Entra ID: the subject is another one for each client, the same person has the same `oid`, and
// access tokens list the groups in another claim than ID tokens.

const database = await testDatabase()
const hostile = await startHostileIssuer()
const { issuer, answers } = hostile
const claimNames = {
  ...{ issuer, clientId: 'postern', apiAudience: 'postern-api', scopes: ['openid', 'profile', 'email'] },
  ...{ subjectClaim: 'oid', groupsClaim: 'groups', apiGroupsClaim: 'resource_access.my.client.roles' },
}
const policy = await testPolicy(aConfiguration({ identity: claimNames }))
afterAll(async () => {
  await policy.stop()
  await hostile.stop()
  await database.drop()
})
let people = 0
let oid = ''
beforeEach(() => {
  oid = `object-${++people}`
})
const known = () => database.asOwner('SELECT subject FROM people WHERE subject = $1', [oid])

const now = () => Math.floor(Date.now() / 1000)
const person = { name: 'Mina', email: 'mina@example.com', email_verified: true }
const apiGroups = (...roles: string[]) => ({ resource_access: { 'my.client': { roles } } })

const sign = (claims: JWTPayload) =>
  hostile.sign({ iss: issuer, iat: now(), exp: now() + 300, oid, ...person, ...claims })

async function signIn(claims: JWTPayload): Promise<string | null> {
  const browser = aBrowser()
  const query = new URL(await beginAt(browser)).searchParams
  answers.idToken = await sign({ aud: 'postern', nonce: query.get('nonce') ?? '', ...claims })
  const path = `/api/auth/callback/oidc?code=anything&state=${encodeURIComponent(query.get('state') ?? '')}`
  return (await finishSignIn(browser.request(path))).headers.get('location')
}

const actorOf = async (claims: JWTPayload) => {
  const headers = { authorization: `Bearer ${await sign({ aud: 'postern-api', ...claims })}` }
  return actorOfRequest(new Request(`${testUrl}/api/v1/me`, { headers }))
}

test('the tokens of two clients with different subjects are about the same person', async () => {
  expect(await signIn({ sub: 'pairwise-web', groups: ['sre'] })).toBe(`${testUrl}/`)
  const actor = await actorOf({ sub: 'pairwise-cli', azp: 'cli', ...apiGroups('sre') })
  expect(actor.person).toMatchObject({ subject: oid, groups: ['sre'] })
  expect(await known()).toHaveLength(1)
  expect(await database.asOwner(`SELECT 1 FROM people WHERE subject LIKE 'pairwise%'`)).toEqual([])
})

test('the subject of UserInfo is compared with that of the token, whatever claim identifies the person', async () => {
  answers.userInfo = { sub: 'pairwise-web', groups: ['sre'] }
  expect(await signIn({ sub: 'pairwise-web' })).toBe(`${testUrl}/`)
  expect((await actorOf({ sub: 'x', azp: 'cli', ...apiGroups('sre') })).person.groups).toEqual(['sre'])
  answers.userInfo = { sub: 'pairwise-other', oid, groups: ['platform-admins'] }
  expect(await signIn({ sub: 'pairwise-web' })).toMatch(/error=not-accepted/)
})

test('a token without the claim that identifies the person is refused, whatever its subject', async () => {
  const error = await actorOf({ sub: oid, oid: undefined }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'unauthenticated' })
  expect(await signIn({ sub: oid, oid: undefined, groups: [] })).toMatch(/error=/)
  expect(await known()).toEqual([])
})

test('bearer tokens list their groups in the configured claim, and in no other', async () => {
  await signIn({ sub: 'pairwise-web', groups: ['sre', 'payments-dev'] })
  const actor = await actorOf({ sub: 'x', azp: 'cli', groups: ['sre'], ...apiGroups('payments-dev') })
  expect(actor.person).toMatchObject({ groups: ['payments-dev'], groupsProblem: null })
  const without = await actorOf({ sub: 'x', azp: 'cli', groups: ['sre'] })
  expect(without.person).toMatchObject({ groups: [], groupsProblem: 'absent' })
})

test('each ID token says who the manager is, and no bearer token does', async () => {
  await policy.change(aConfiguration({ identity: { ...claimNames, managerClaim: 'boss' } }))
  const manager = async () => (await database.asOwner('SELECT manager FROM people WHERE subject = $1', [oid]))[0]
  await signIn({ sub: 'pairwise-web', groups: ['sre', 'payments-dev'], boss: 'Priya@example.com' })
  expect(await manager()).toEqual({ manager: 'priya@example.com' })
  const later = { sub: 'x', azp: 'postern', iat: now() + 5, ...apiGroups('payments-dev') }
  expect(
    (await actorOf({ ...later, boss: 'friend@example.com' })).person.groups,
    'it changes the record',
  ).not.toContain('sre')
  expect(await manager()).toEqual({ manager: 'priya@example.com' })
  await signIn({ sub: 'pairwise-web', groups: ['sre'], iat: now() + 10 })
  expect(await manager(), 'an ID token without the claim').toEqual({ manager: null })
})
