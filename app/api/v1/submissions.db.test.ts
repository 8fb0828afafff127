import { afterAll, beforeAll, expect, test } from 'vitest'
import { callRoute } from '#testing/call-route'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { aClusterState, aSubmission } from '#testing/requests'
import * as credentials from './grants/[id]/credentials/route.ts'
import * as requests from './requests/route.ts'

const database = await testDatabase()
const identity = await testIdentity({
  limits: { openRequestsPerPerson: 50, liveGrantsPerPerson: 20, submissionsPerMinute: 4 },
})
beforeAll(() => aClusterState())
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

test('submissions above the configured rate get 429, refused ones count, and other calls and people pass', async () => {
  const [mina, tomas] = [await identity.token('mina'), await identity.token('tomas')]
  const { durationSeconds: _, ...rest } = aSubmission()
  const submission = { ...rest, duration: 'PT30M' }
  const submit = async (token: string, body: object) =>
    callRoute(requests, { method: 'POST', path: '/api/v1/requests', token, body: { ...submission, ...body } })
  const statuses: number[] = []
  for (const reason of [
    'short',
    'short',
    'the pods hang since the deploy',
    'the pods hang again',
    'and again they hang',
  ])
    statuses.push((await submit(mina, { reason })).status)
  expect(statuses).toEqual([422, 422, 201, 201, 429])
  expect((await submit(tomas, { reason: 'the pods hang since the deploy' })).status).toBe(201)
  expect((await callRoute(requests, { path: '/api/v1/requests', token: mina })).status).toBe(200)
})

test('credentials above the same rate get 429', async () => {
  const priya = await identity.token('priya')
  const id = `grt_${'0'.repeat(26)}`
  const path = `/api/v1/grants/${id}/credentials`
  const statuses: number[] = []
  for (let call = 0; call < 5; call++)
    statuses.push(
      (await callRoute(credentials, { method: 'POST', path, token: priya, params: { id }, body: {} })).status,
    )
  expect(statuses).toEqual([404, 404, 404, 404, 429])
})
