import type { JWTPayload } from 'jose'
import { afterAll, expect, test } from 'vitest'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testUrl } from '#testing/identity'
import { testPolicy } from '#testing/policy'
import { actorOfRequest } from './actor-of-request.ts'

// The simplest configuration of Dex: the API has the audience of the sign-in client.

const database = await testDatabase()
const hostile = await startHostileIssuer()
const policy = await testPolicy(
  aConfiguration({ identity: { issuer: hostile.issuer, clientId: 'postern', apiAudience: 'postern' } }),
)
afterAll(async () => {
  await policy.stop()
  await hostile.stop()
  await database.drop()
})

const actorOf = async (claims: JWTPayload) => {
  const now = Math.floor(Date.now() / 1000)
  const honest = { iss: hostile.issuer, aud: 'postern', sub: 'mallory', iat: now, exp: now + 300, at_hash: 'abc' }
  const headers = { authorization: `Bearer ${await hostile.sign({ ...honest, ...claims })}` }
  return actorOfRequest(new Request(`${testUrl}/api/v1/me`, { headers }))
}

test.each([
  ['without a nonce', {}],
  ['of another client, even with a nonce', { aud: ['postern', 'cli'], azp: 'cli', nonce: 'n' }],
])('an access token %s is accepted for the audience of the sign-in client', async (_, claims) => {
  expect((await actorOf(claims)).person.subject).toBe('mallory')
})

test.each([
  ['a nonce', { nonce: 'n' }],
  ['a nonce and its own client', { nonce: 'n', azp: 'postern' }],
  ['a nonce and two audiences', { nonce: 'n', aud: ['postern', 'other'], azp: 'postern' }],
])('an ID token of the sign-in, which has %s, is refused although its audience matches', async (_, claims) => {
  await expect(actorOf(claims)).rejects.toMatchObject({
    code: 'unauthenticated',
    message: expect.stringContaining('it is an ID token'),
  })
})
