import { afterAll, beforeAll, expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import type { Handler } from '#lib/api/handle'
import { aCrowdedClusterState, postureFinding, postureJudgedAt } from '#testing/authorization/situations'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import * as acceptanceDoor from './clusters/[cluster]/posture/[id]/acceptance/route.ts'
import * as withdrawDoor from './clusters/[cluster]/posture/[id]/acceptance/withdraw/route.ts'
import * as baselineDoor from './clusters/[cluster]/posture/baseline/route.ts'
import * as exportDoor from './clusters/[cluster]/posture/export/route.ts'
import * as postureDoor from './clusters/[cluster]/posture/route.ts'

const database = await testDatabase()
const identity = await testIdentity()
const tokens: Record<string, string> = {}
beforeAll(async () => {
  await aCrowdedClusterState()
  for (const person of ['mina', 'ines', 'ola']) tokens[person] = await identity.token(person)
})
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

const path = '/api/v1/clusters/prod-eu/posture'
const as = (person: string) => ({ token: tokens[person] ?? '' })
const { id, digest } = postureFinding
const until = new Date(Date.now() + 86_400_000).toISOString()
const acceptance = { digest, reason: 'the installer needs it', owner: 'platform', until }
const accept = (person: string, over: object = {}, headers = {}, of: string = id) =>
  callRoute(acceptanceDoor, {
    ...{ ...as(person), method: 'POST', path: `${path}/${of}/acceptance`, params: { cluster: 'prod-eu', id: of } },
    ...{ body: { ...acceptance, ...over }, headers },
  })
const takeBaseline = (person: string, judgedAt: string) =>
  callRoute(baselineDoor, {
    ...{ ...as(person), method: 'POST', path: `${path}/baseline`, params: { cluster: 'prod-eu' } },
    body: { judgedAt },
  })
const read = async () => {
  const posture = await callRoute(postureDoor, { ...as('ines'), path, params: { cluster: 'prod-eu' } })
  expectSuccess(posture, endpoints.getPosture)
  return posture.body
}

test('an admin accepts a finding once for each Idempotency-Key, and then it is listed apart', async () => {
  expect((await read()).open).toMatchObject([{ id, digest }])
  const headers = { 'idempotency-key': 'accept-once' }
  const first = await accept('ola', {}, headers)
  expectSuccess(first, endpoints.acceptPostureFinding)
  expect((await accept('ola', {}, headers)).body).toEqual(first.body)
  const { open, accepted, acceptedCount } = await read()
  expect([open, accepted, acceptedCount]).toMatchObject([[], [{ id, acceptance: { reason: acceptance.reason } }], 1])
  const events = await database.asOwner(`SELECT 1 FROM audit_events WHERE type = 'posture.accepted'`)
  expect(events).toHaveLength(1)
})

test('an acceptance without a reason, an owner, an end or the right digest says which field is wrong', async () => {
  for (const [over, pointer] of [
    [{ reason: ' ' }, '/reason'],
    [{ owner: '' }, '/owner'],
    [{ until: '2020-01-01T00:00:00Z' }, '/until'],
    [{ until: 'tomorrow' }, '/until'],
    [{ digest: 'sha256:1' }, '/digest'],
  ] as const) {
    const answer = await accept('ola', over)
    expect(answer.body.errors, JSON.stringify(answer.body)).toMatchObject([{ pointer }])
  }
  expectProblem(await accept('ola', { digest: `sha256:${'1'.repeat(64)}` }), 409, 'digest-mismatch')
})

test('for people who may not see it, a finding that exists and one that does not are answered alike', async () => {
  expectProblem(await accept('mina'), 404, 'not-found')
  expectProblem(await accept('mina', {}, {}, `fnd_${'1'.repeat(26)}`), 404, 'not-found')
  expectProblem(await accept('ines'), 403, 'forbidden')
})

test('an admin withdraws an acceptance once for each Idempotency-Key, and without a note not at all', async () => {
  const withdraw = (person: string, body: object, headers = {}) =>
    callRoute(withdrawDoor, {
      ...{
        ...as(person),
        method: 'POST',
        path: `${path}/${id}/acceptance/withdraw`,
        params: { cluster: 'prod-eu', id },
      },
      ...{ body, headers },
    })
  await accept('ola')
  expect((await withdraw('ola', { note: ' ' })).body.errors).toMatchObject([{ pointer: '/note' }])
  expectProblem(await withdraw('mina', { note: 'over' }), 404, 'not-found')
  expectProblem(await withdraw('ines', { note: 'over' }), 403, 'forbidden')
  const headers = { 'idempotency-key': 'withdraw-once' }
  const first = await withdraw('ola', { note: 'over' }, headers)
  expectSuccess(first, endpoints.withdrawPostureAcceptance)
  expect((await withdraw('ola', { note: 'over' }, headers)).body).toEqual(first.body)
  expect((await read()).open).toMatchObject([{ id, acceptance: null }])
  expectProblem(await withdraw('ola', { note: 'over' }), 409, 'conflict')
})

test('an admin takes a baseline of what they saw', async () => {
  const taken = await takeBaseline('ola', postureJudgedAt)
  expectSuccess(taken, endpoints.takePostureBaseline)
  expect((await read()).baseline).toEqual(taken.body)
  expectProblem(await takeBaseline('ola', '2099-01-01T00:00:00Z'), 409, 'conflict')
  expectProblem(await takeBaseline('ines', postureJudgedAt), 403, 'forbidden')
  expectProblem(await takeBaseline('mina', postureJudgedAt), 404, 'not-found')
})

test('auditors and admins download the findings in both formats, and for everyone else there is no file', async () => {
  const get = (person: string, query: string) =>
    (exportDoor.GET as Handler)(
      new Request(`http://localhost${path}/export?${query}`, {
        headers: { authorization: `Bearer ${as(person).token}` },
      }),
      { params: Promise.resolve({ cluster: 'prod-eu' }) },
    )
  const sarif = await get('ines', 'format=sarif')
  expect([sarif.status, sarif.headers.get('content-type')]).toEqual([200, 'application/sarif+json; charset=utf-8'])
  expect(sarif.headers.get('content-disposition')).toBe('attachment; filename="postern-posture-prod-eu.sarif"')
  expect(JSON.parse(await sarif.text()).runs[0].results).toMatchObject([{ ruleId: 'everything', properties: { id } }])
  const reports = await get('ola', 'format=policy-report')
  expect([reports.status, reports.headers.get('content-type')]).toEqual([200, 'application/yaml; charset=utf-8'])
  expect(await reports.text()).toContain('kind: ClusterPolicyReport')
  expect((await get('mina', 'format=sarif')).status).toBe(404)
  expect((await get('ines', 'format=pdf')).status).toBe(400)
})
