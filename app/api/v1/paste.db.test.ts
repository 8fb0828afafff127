import { afterAll, beforeAll, expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { aClusterState } from '#testing/requests'
import * as pasteDoor from './paste/route.ts'
import * as requestsDoor from './requests/route.ts'

const database = await testDatabase()
const identity = await testIdentity()
const tokens: Record<string, string> = {}
beforeAll(async () => {
  await aClusterState()
  for (const person of ['mina', 'jonas']) tokens[person] = await identity.token(person)
})
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

const paste = (person: string, body: object) =>
  callRoute(pasteDoor, { method: 'POST', path: '/api/v1/paste', token: tokens[person] ?? '', body })

const refusal =
  'Error from server (Forbidden): deployments.apps "api" is forbidden: User "mina" cannot patch resource "deployments" in API group "apps" in the namespace "payments"'

test('a refusal is answered with its single permissions and the entitlements that grant all of it', async () => {
  const answer = await paste('mina', { text: refusal })
  expectSuccess(answer, endpoints.readPaste)
  expect(answer.body).toMatchObject({
    understood: true,
    namespaces: ['payments'],
    readings: [
      {
        verb: 'patch',
        group: 'apps',
        resource: 'deployments',
        name: 'api',
        namespace: 'payments',
        clusterScoped: false,
      },
    ],
    alreadyHeld: [],
  })
  const [first] = answer.body.suggestions
  expect(first).toMatchObject({
    entitlement: { name: 'payments-restart' },
    cluster: 'prod-eu',
    complete: true,
    missing: [],
  })
})

test('a command without a namespace applies to the namespace that the caller names', async () => {
  const text = 'kubectl rollout restart deployment/api'
  expect((await paste('mina', { text })).body.namespaces).toEqual([])
  const answer = await paste('mina', { text, namespace: 'payments', cluster: 'prod-eu' })
  expect(answer.body).toMatchObject({ namespaces: ['payments'], suggestions: [{ complete: true }] })
})

test('what the caller has requested already is named, and only to them', async () => {
  const body = {
    ...{ entitlement: 'payments-restart', cluster: 'prod-eu', namespaces: ['payments'] },
    ...{ reason: 'the checkout pods hang', duration: 'PT30M' },
  }
  const token = tokens.mina ?? ''
  const submitted = await callRoute(requestsDoor, { method: 'POST', path: '/api/v1/requests', token, body })
  expect((await paste('mina', { text: refusal })).body.alreadyHeld).toMatchObject([
    { requestId: submitted.body.id, status: 'pending', missing: [] },
  ])
  expect((await paste('jonas', { text: refusal })).body).toMatchObject({ alreadyHeld: [], suggestions: [] })
})

test('a cluster that none of the caller’s entitlements names has no suggestions', async () => {
  expect((await paste('mina', { text: refusal, cluster: 'elsewhere' })).body).toMatchObject({ suggestions: [] })
})

test('a text that is neither a refusal nor a command is not understood, and control characters are no error', async () => {
  const answer = await paste('mina', { text: 'hello \u001b[31mworld\u0000' })
  expectSuccess(answer, endpoints.readPaste)
  expect(answer.body).toMatchObject({ understood: false, suggestions: [], readings: [] })
  expectProblem(await paste('mina', { text: '' }), 422, 'invalid')
  expectProblem(await paste('mina', { text: 'x'.repeat(60_001) }), 422, 'invalid')
})
