import { afterAll, beforeAll, expect, test } from 'vitest'
import { callRoute } from '#testing/call-route'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { aClusterState, aSubmission } from '#testing/requests'
import * as withdraw from './requests/[id]/withdraw/route.ts'
import * as requests from './requests/route.ts'

// A refused attempt is an event in the history. No one may fill the disk with them, or hide one attempt among many.

const database = await testDatabase()
const identity = await testIdentity()
beforeAll(() => aClusterState())
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

test('refused attempts above the limit of one person are not made, and every one that is made is recorded', async () => {
  const [mina, priya, sam] = [await identity.token('mina'), await identity.token('priya'), await identity.token('sam')]
  const { durationSeconds: _, ...rest } = aSubmission()
  const path = '/api/v1/requests'
  const submission = { ...rest, duration: 'PT30M' }
  const { id } = (await callRoute(requests, { method: 'POST', path, token: mina, body: submission })).body
  // An approver sees the request, but only its requester may withdraw it.
  const attempt = async (token: string) =>
    (await callRoute(withdraw, { method: 'POST', path: `${path}/${id}/withdraw`, token, params: { id }, body: {} }))
      .status
  let made = 0
  let status = 403
  while (status === 403 && made < 3_000) {
    status = await attempt(priya)
    if (status === 403) made++
  }
  expect(status).toBe(429)
  const [row] = await database.asOwner<{ count: number }>(
    `SELECT count(*)::int FROM audit_events WHERE type = 'request.withdrawal-refused'`,
  )
  expect(row?.count).toBe(made)
  expect((await callRoute(requests, { path, token: priya })).status).toBe(200)
  expect(await attempt(sam)).toBe(403)
})
