import { expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { apiBench } from '#testing/api-bench'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { aPerson } from '#testing/people'
import { aGrant, aRequest } from '#testing/requests'
import * as credentialsDoor from './grants/[id]/credentials/route.ts'
import * as releaseDoor from './grants/[id]/release/route.ts'
import * as revokeDoor from './grants/[id]/revoke/route.ts'
import * as oneDoor from './grants/[id]/route.ts'
import * as listDoor from './grants/route.ts'

const { database, identity, as } = await apiBench(['mina', 'jonas', 'priya', 'ines', 'ola'])

const path = '/api/v1/grants'
const missing = 'grt_00000000000000000000000000'

/** A grant of Mina's, activated a minute ago. */
async function minasGrant(status: 'pending' | 'active' | 'ended' = 'active') {
  const { issuer } = identity.provider
  const requester = await aPerson({ issuer, subject: 'mina', name: 'Mina Okafor', email: 'mina@example.com' })
  const request = await aRequest({ requester, status: 'approved' })
  return aGrant({ request, status, activatedAt: new Date(Date.now() - 60_000) })
}

const read = (id: string, person: string) =>
  callRoute(oneDoor, { ...as(person), path: `${path}/${id}`, params: { id } })
const post = (
  door: Parameters<typeof callRoute>[0],
  id: string,
  what: string,
  person: string,
  body?: unknown,
  headers = {},
) => callRoute(door, { ...as(person), method: 'POST', path: `${path}/${id}/${what}`, params: { id }, body, headers })

test('the holder can read a grant and list it, and people of another team cannot', async () => {
  const { id } = await minasGrant()
  const answer = await read(id, 'mina')
  expectSuccess(answer, endpoints.getGrant)
  expect(answer.body).toMatchObject({
    status: 'active',
    can: { release: { may: true }, issueCredential: { may: true } },
  })
  const list = await callRoute(listDoor, { ...as('mina'), path: `${path}?status=active` })
  expectSuccess(list, endpoints.listGrants)
  expect(list.body.items.map((item: { id: string }) => item.id)).toContain(id)
  expectProblem(await read(id, 'jonas'), 404, 'not-found')
  expect((await callRoute(listDoor, { ...as('jonas'), path })).body.items).toEqual([])
  expectProblem(await callRoute(listDoor, { ...as('mina'), path: `${path}?status=alive` }), 400, 'malformed')
})

test('an approver can end access with a reason, an auditor cannot, and an unrelated person learns nothing', async () => {
  const { id } = await minasGrant()
  expectProblem(await post(revokeDoor, id, 'revoke', 'priya', {}), 400, 'malformed')
  expectProblem(await post(revokeDoor, id, 'revoke', 'priya', { reason: '  ' }), 422, 'invalid')
  expectProblem(await post(revokeDoor, id, 'revoke', 'ines', { reason: 'I do not like it' }), 403, 'forbidden')
  expectProblem(await post(revokeDoor, id, 'revoke', 'jonas', { reason: 'I do not like it' }), 404, 'not-found')
  const revoked = await post(revokeDoor, id, 'revoke', 'priya', { reason: 'The deploy is over' })
  expectSuccess(revoked, endpoints.revokeGrant)
  expect(revoked.body).toEqual({ status: 'ending' })
  expect((await read(id, 'mina')).body).toMatchObject({ endedBy: 'revocation', endNote: 'The deploy is over' })
  expectProblem(await post(revokeDoor, id, 'revoke', 'priya', { reason: 'again' }), 409, 'conflict')
})

test('an admin can end any person’s access', async () => {
  const { id } = await minasGrant()
  expectSuccess(await post(revokeDoor, id, 'revoke', 'ola', { reason: 'maintenance' }), endpoints.revokeGrant)
})

test('the holder can release access without a body, and a second call with the same key changes nothing', async () => {
  const { id } = await minasGrant()
  expectProblem(await post(releaseDoor, id, 'release', 'priya'), 403, 'forbidden')
  const key = { 'idempotency-key': crypto.randomUUID() }
  expectSuccess(await post(releaseDoor, id, 'release', 'mina', undefined, key), endpoints.releaseGrant)
  expectSuccess(await post(releaseDoor, id, 'release', 'mina', undefined, key), endpoints.releaseGrant)
  expectProblem(await post(releaseDoor, id, 'release', 'mina'), 409, 'conflict')
})

test('only the holder can get a credential, and only while the grant is active', async () => {
  const { id } = await minasGrant()
  expect((await post(credentialsDoor, id, 'credentials', 'priya')).status).toBe(403)
  expectProblem(await post(credentialsDoor, id, 'credentials', 'jonas'), 404, 'not-found')
  const ended = await minasGrant('ended')
  expectProblem(await post(credentialsDoor, ended.id, 'credentials', 'mina'), 409, 'conflict')
  expectProblem(await post(credentialsDoor, id, 'credentials', 'mina', { seconds: 9 }), 400, 'malformed')
})

test('the first call for a credential spends its Idempotency-Key, and its response is not stored', async () => {
  const { id } = await minasGrant('ended')
  const key = { 'idempotency-key': crypto.randomUUID() }
  expectProblem(await post(credentialsDoor, id, 'credentials', 'mina', undefined, key), 409, 'conflict')
  const second = await post(credentialsDoor, id, 'credentials', 'mina', undefined, key)
  expectProblem(second, 409, 'conflict')
  expect(second.body.detail).toContain('Idempotency-Key')
  const kept = await database.asOwner<{ body: unknown }>('SELECT body FROM idempotency WHERE key = $1', [
    key['idempotency-key'],
  ])
  expect(kept).toEqual([{ body: {} }])
})

test('a caller without credentials gets 401 from every grant endpoint', async () => {
  const calls = [
    callRoute(listDoor, { path }),
    callRoute(oneDoor, { path: `${path}/${missing}`, params: { id: missing } }),
    ...[revokeDoor, releaseDoor, credentialsDoor].map((door) =>
      callRoute(door, { method: 'POST', path: `${path}/${missing}/x`, params: { id: missing } }),
    ),
  ]
  for (const answer of await Promise.all(calls)) expectProblem(answer, 401, 'unauthenticated')
})
