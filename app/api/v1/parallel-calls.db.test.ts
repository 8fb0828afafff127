import { afterAll, beforeAll, expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { me } from '#lib/views/me'
import { callRoute, expectProblem, expectSuccess, type RouteResponse } from '#testing/call-route'
import { anEntitlementDocument } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { aClusterState } from '#testing/requests'
import { stepsUntil } from '#testing/steps'
import { until } from '#testing/until'
import { widestRules } from '#testing/widest-rules'
import * as previewDoor from './requests/preview/route.ts'

const database = await testDatabase()
const identity = await testIdentity({
  entitlements: [
    anEntitlementDocument({ name: 'chosen', ceiling: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
  ],
})
const tokens: Record<string, string> = {}
beforeAll(async () => {
  await aClusterState()
  for (const person of ['mina', 'jonas']) tokens[person] = await identity.token(person)
})
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

test('of thirty simultaneous calls of one person twenty are performed, four at a time, and other people’s calls pass', async () => {
  const gate = Promise.withResolvers<void>()
  const open = { GET: route(endpoints.me, async ({ actor }) => me(actor)) }
  let atWork = 0
  const most = { atWork }
  const gated = {
    GET: route(endpoints.me, async ({ actor }) => {
      most.atWork = Math.max(most.atWork, ++atWork)
      await gate.promise
      atWork -= 1
      return me(actor)
    }),
  }
  const refused: RouteResponse[] = []
  const allRefused = Promise.withResolvers<void>()
  const call = async () => {
    let answer: RouteResponse | undefined
    // Before a call counts its caller is looked up, for which thirty at once may wait too long on a busy machine.
    await until('the database has time for the call', async () => {
      answer = await callRoute(gated, { path: '/api/v1/me', token: tokens.mina ?? '' })
      return answer.status !== 503
    })
    if (!answer) throw new Error('the call was not answered')
    if (answer.status === 429) refused.push(answer)
    if (refused.length === 10) allRefused.resolve()
    return answer
  }
  const calls = Array.from({ length: 30 }, call)
  await allRefused.promise
  expectSuccess(await callRoute(open, { path: '/api/v1/me', token: tokens.jonas ?? '' }), endpoints.me)
  gate.resolve()
  const performed = (await Promise.all(calls)).filter(({ status }) => status !== 429)
  for (const answer of performed) expectSuccess(answer, endpoints.me)
  expect([performed.length, refused.length, most.atWork]).toEqual([20, 10, 4])
  for (const answer of refused) {
    expectProblem(answer, 429, 'rate-limited')
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.body.detail).toContain('20 of your calls are still in progress')
  }
  expectSuccess(await callRoute(open, { path: '/api/v1/me', token: tokens.mina ?? '' }), endpoints.me)
})

test('twenty simultaneous previews of the widest rules leave this process time for other callers', async () => {
  const body = {
    ...{ entitlement: 'chosen', cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT10M' },
    ...{ reason: 'the checkout pods hang since the last deploy', rules: widestRules },
  }
  const preview = () =>
    callRoute(previewDoor, { method: 'POST', path: '/api/v1/requests/preview', token: tokens.mina ?? '', body })
  const first = await preview()
  expectSuccess(first, endpoints.previewRequest)
  expect(first.body.verdict.violations).toMatchObject([{ code: 'rules-too-many' }])
  const steps = await stepsUntil(async () => {
    for (const { status } of await Promise.all(Array.from({ length: 20 }, preview))) expect(status).toBe(200)
  })
  expect(steps).toBeLessThan(2_000_000)
})
