import { afterAll, beforeAll, expect, test } from 'vitest'
import { stopChanges } from '#lib/adapters/db/changes'
import { db } from '#lib/adapters/db/client'
import { endpoints } from '#lib/api/endpoints'
import { endHeldConnections } from '#lib/api/held-connections'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { aPerson } from '#testing/people'
import { aGrant, aRequest, recordEnd } from '#testing/requests'
import { until } from '#testing/until'
import * as releaseDoor from './grants/[id]/release/route.ts'
import * as grantDoor from './grants/[id]/route.ts'
import * as requestDoor from './requests/[id]/route.ts'
import * as withdrawDoor from './requests/[id]/withdraw/route.ts'

// Calls with ?wait=. Their waits are far longer than a test may take, so a call that returns has not waited to the end.

const database = await testDatabase()
const identity = await testIdentity()
let mina = ''
let jonas = ''
beforeAll(async () => {
  mina = await identity.token('mina')
  jonas = await identity.token('jonas')
})
afterAll(async () => {
  await stopChanges()
  await identity.stop()
  await database.drop()
})

const minaHerself = () =>
  aPerson({ issuer: identity.provider.issuer, subject: 'mina', name: 'Mina Okafor', email: 'mina@example.com' })

const readRequest = (id: string, wait: string, token = mina) =>
  callRoute(requestDoor, { token, path: `/api/v1/requests/${id}?wait=${wait}`, params: { id } })

/** Ends the waits of this process as soon as the call waits. */
async function endWait(call: Promise<unknown>) {
  let isOver = false
  call.then(() => {
    isOver = true
  })
  await until('the wait ends', async () => {
    endHeldConnections()
    return isOver
  })
}

test('a call that waits for a request responds once the request is decided', async () => {
  const { id } = await aRequest({ requester: await minaHerself() })
  const call = readRequest(id, 'PT59S')
  await callRoute(withdrawDoor, {
    method: 'POST',
    token: mina,
    path: `/api/v1/requests/${id}/withdraw`,
    params: { id },
  })
  const response = await call
  expectSuccess(response, endpoints.getRequest)
  expect(response.body.status).toBe('withdrawn')
})

test('a call that waits for a request with nothing under way responds at once', async () => {
  const { id } = await aRequest({ requester: await minaHerself(), status: 'denied' })
  expect((await readRequest(id, 'PT59S')).body.status).toBe('denied')
})

test('a wait that is over responds with the state that it found', async () => {
  const { id } = await aRequest({ requester: await minaHerself() })
  const response = await readRequest(id, 'PT1S')
  expectSuccess(response, endpoints.getRequest)
  expect(response.body.status).toBe('pending')
})

test('a release that waits responds once its access has ended', async () => {
  const request = await aRequest({ requester: await minaHerself(), status: 'approved' })
  const { id } = await aGrant({ request, status: 'active' })
  const path = `/api/v1/grants/${id}`
  const call = callRoute(releaseDoor, {
    method: 'POST',
    token: mina,
    path: `${path}/release?wait=PT59S`,
    params: { id },
  })
  const state = async () => (await db().grant.findUniqueOrThrow({ where: { id } })).status
  await until('the release', async () => (await state()) === 'ending')
  await recordEnd(id)
  const response = await call
  expectSuccess(response, endpoints.releaseGrant)
  expect(response.body).toEqual({ status: 'ended' })
})

test('a wait for the request of somebody else is refused at once, as if there were none', async () => {
  const request = await aRequest({ requester: await minaHerself(), status: 'approved' })
  const { id } = await aGrant({ request })
  expectProblem(await readRequest(request.id, 'PT59S', jonas), 404, 'not-found')
  const door = { token: jonas, path: `/api/v1/grants/${id}?wait=PT59S`, params: { id } }
  expectProblem(await callRoute(grantDoor, door), 404, 'not-found')
})

test.each(['PT60S', 'PT0S', '30', 'PT1M', ''])('a wait of "%s" is refused, with what would be right', async (wait) => {
  const { id } = await aRequest({ requester: await minaHerself() })
  const response = await readRequest(id, wait)
  expectProblem(response, 400, 'malformed')
  expect(response.body.errors).toEqual([{ pointer: 'wait', message: 'must be a duration from PT1S to PT59S' }])
})

test('someone who loses the right to see a request during a wait does not get the response', async () => {
  const { issuer } = identity.provider
  const priya = (groups: string[]) => aPerson({ issuer, subject: 'priya', email: 'priya@example.com', groups })
  await priya(['payments-leads'])
  const { id } = await aRequest({ requester: await minaHerself() })
  const call = readRequest(id, 'PT59S', await identity.token('priya'))
  await priya([])
  await db().$executeRaw`SELECT pg_notify('postern_change', ${id})`
  expectProblem(await call, 404, 'not-found')
})

test('a process that stops ends the waits with the state that they found', async () => {
  const { id } = await aRequest({ requester: await minaHerself() })
  const call = readRequest(id, 'PT59S')
  await endWait(call)
  expect((await call).body.status).toBe('pending')
})
