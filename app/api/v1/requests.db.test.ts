import { expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { apiBench } from '#testing/api-bench'
import { callRoute, expectProblem, expectSuccess, type RouteResponse } from '#testing/call-route'
import { wasConfirmedAt } from '#testing/people'
import * as decisionsDoor from './requests/[id]/decisions/route.ts'
import * as oneDoor from './requests/[id]/route.ts'
import * as withdrawDoor from './requests/[id]/withdraw/route.ts'
import * as previewDoor from './requests/preview/route.ts'
import * as listDoor from './requests/route.ts'

const { database, identity, as } = await apiBench(['mina', 'jonas', 'priya', 'tomas', 'ines', 'ola'])

const submission = {
  entitlement: 'payments-restart',
  cluster: 'prod-eu',
  namespaces: ['payments'],
  reason: 'Payments hang since the last release',
  duration: 'PT30M',
}

const path = '/api/v1/requests'
const submit = (over: object = {}, person = 'mina', headers = {}) =>
  callRoute(listDoor, { ...as(person), method: 'POST', path, body: { ...submission, ...over }, headers })
const read = (id: string, person: string) =>
  callRoute(oneDoor, { ...as(person), path: `${path}/${id}`, params: { id } })
const decide = (id: string, person: string, body: object) =>
  callRoute(decisionsDoor, { ...as(person), method: 'POST', path: `${path}/${id}/decisions`, params: { id }, body })
const withdraw = (id: string, person: string) =>
  callRoute(withdrawDoor, { ...as(person), method: 'POST', path: `${path}/${id}/withdraw`, params: { id } })

const pointers = (answer: RouteResponse) => answer.body.errors.map((error: { pointer: string }) => error.pointer)

async function rowsOf(table: 'requests' | 'decisions' | 'grants'): Promise<number> {
  const [row] = await database.asOwner<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)
  return row?.n ?? -1
}

test('submitting a request returns its id, status and digest, and the requester can read all of it', async () => {
  const submitted = await submit()
  expectSuccess(submitted, endpoints.submitRequest)
  expect(submitted.body.status).toBe('pending')
  const whole = await read(submitted.body.id, 'mina')
  expectSuccess(whole, endpoints.getRequest)
  expect(whole.body).toMatchObject({
    digest: submitted.body.digest,
    duration: 'PT30M',
    can: { withdraw: { may: true } },
  })
})

test('the preview returns the verdict on a request and changes nothing', async () => {
  const before = await rowsOf('requests')
  const good = await callRoute(previewDoor, {
    ...as('mina'),
    method: 'POST',
    path: `${path}/preview`,
    body: submission,
  })
  expectSuccess(good, endpoints.previewRequest)
  expect(good.body.verdict.violations).toEqual([])
  const body = { ...submission, duration: 'PT9H', reason: 'short' }
  const bad = await callRoute(previewDoor, { ...as('mina'), method: 'POST', path: `${path}/preview`, body })
  expectSuccess(bad, endpoints.previewRequest)
  expect(bad.body.verdict.violations.map((violation: { pointer: string }) => violation.pointer).sort()).toEqual([
    '/duration',
    '/reason',
  ])
  expect(await rowsOf('requests')).toBe(before)
})

test('invalid input is refused with every invalid field, and nothing is stored', async () => {
  const before = await rowsOf('requests')
  const cases: [object | string, number, string, string[]][] = [
    ['{"entitlement":', 400, 'malformed', []],
    [{ ...submission, durationSeconds: 3, approve: true }, 400, 'malformed', ['/durationSeconds', '/approve']],
    [{ ...submission, duration: 'PT0S' }, 422, 'invalid', ['/duration']],
    [{ ...submission, duration: '-PT30M' }, 422, 'invalid', ['/duration']],
    [{ ...submission, duration: '30m', reason: 'a\u0007b' }, 422, 'invalid', ['/duration', '/reason']],
    [{ ...submission, namespaces: ['Payments!'] }, 422, 'invalid', ['/namespaces/0']],
    [{ ...submission, duration: 'PT9H' }, 422, 'guardrail-violation', ['/duration']],
    [
      { ...submission, namespaces: ['search'], reason: 'short' },
      422,
      'guardrail-violation',
      ['/namespaces/0', '/reason'],
    ],
    [{ ...submission, startsAt: '2020-01-01T00:00:00Z' }, 422, 'guardrail-violation', ['/startsAt']],
    [{ ...submission, cluster: 'nowhere' }, 422, 'guardrail-violation', ['/cluster']],
  ]
  for (const [body, status, code, wrong] of cases) {
    const answer = await callRoute(listDoor, { ...as('mina'), method: 'POST', path, body })
    expectProblem(answer, status, code)
    expect(pointers(answer)).toEqual(expect.arrayContaining(wrong))
  }
  const unknown = await submit({ entitlement: 'no-such-thing' })
  expect([404, 422]).toContain(unknown.status)
  const form = await callRoute(listDoor, {
    ...as('mina'),
    method: 'POST',
    path,
    body: 'a=b',
    headers: { 'content-type': 'text/plain' },
  })
  expectProblem(form, 415, 'unsupported-media-type')
  expectProblem(await submit({ reason: 'x'.repeat(300_000) }), 413, 'too-large')
  expect(await rowsOf('requests')).toBe(before)
})

test('a caller without credentials gets 401 from every request endpoint and learns nothing else', async () => {
  const id = 'req_00000000000000000000000000'
  const calls = [
    callRoute(listDoor, { path }),
    callRoute(listDoor, { method: 'POST', path, body: submission }),
    callRoute(previewDoor, { method: 'POST', path: `${path}/preview`, body: submission }),
    callRoute(oneDoor, { path: `${path}/${id}`, params: { id } }),
    callRoute(decisionsDoor, { method: 'POST', path: `${path}/${id}/decisions`, params: { id }, body: {} }),
    callRoute(withdrawDoor, { method: 'POST', path: `${path}/${id}/withdraw`, params: { id } }),
  ]
  for (const answer of await Promise.all(calls)) {
    expectProblem(answer, 401, 'unauthenticated')
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="postern"')
  }
})

test('a request of another team gets exactly the same response as one that does not exist', async () => {
  const { body } = await submit()
  const [hidden, absent, nonsense] = await Promise.all([
    read(body.id, 'jonas'),
    read('req_00000000000000000000000000', 'jonas'),
    read('nonsense', 'jonas'),
  ])
  for (const answer of [hidden, absent, nonsense]) {
    expectProblem(answer, 404, 'not-found')
    expect({ ...answer.body, reference: '' }).toEqual({ ...absent.body, reference: '' })
  }
  expectProblem(await decide(body.id, 'jonas', { decision: 'approve', digest: body.digest }), 404, 'not-found')
  expectProblem(await withdraw(body.id, 'jonas'), 404, 'not-found')
})

test('an approver of the right group can decide once, on the current digest', async () => {
  const { body } = await submit()
  const wrong = { decision: 'approve', digest: `sha256:${'0'.repeat(64)}` }
  expectProblem(await decide(body.id, 'priya', wrong), 409, 'digest-mismatch')
  const right = { decision: 'approve', digest: body.digest, note: 'go ahead' }
  const decided = await decide(body.id, 'priya', right)
  expectSuccess(decided, endpoints.decideRequest)
  expect(decided.body.status).toBe('approved')
  expectProblem(await decide(body.id, 'priya', right), 409, 'conflict')
  expectProblem(await withdraw(body.id, 'mina'), 409, 'conflict')
  expect((await read(body.id, 'mina')).body).toMatchObject({ status: 'approved', grant: { status: 'pending' } })
})

test('requesters cannot decide their own request over the API', async () => {
  identity.provider.setGroups('mina', ['payments-dev', 'payments-leads'])
  await wasConfirmedAt('mina', new Date(Date.now() - 3_600_000))
  const token = await identity.token('mina')
  identity.provider.setGroups('mina', ['payments-dev'])
  const { body } = await callRoute(listDoor, { token, method: 'POST', path, body: submission })
  const answer = await callRoute(decisionsDoor, {
    token,
    method: 'POST',
    path: `${path}/${body.id}/decisions`,
    params: { id: body.id },
    body: { decision: 'approve', digest: body.digest },
  })
  expectProblem(answer, 403, 'forbidden')
  expect((await read(body.id, 'priya')).body.status).toBe('pending')
})

test('the requester can withdraw a pending request once, and an auditor who sees it cannot', async () => {
  const { body } = await submit()
  expectProblem(await withdraw(body.id, 'ines'), 403, 'forbidden')
  const withdrawn = await withdraw(body.id, 'mina')
  expectSuccess(withdrawn, endpoints.withdrawRequest)
  expectProblem(await withdraw(body.id, 'mina'), 409, 'conflict')
})

test('a caller can page by cursor through their own requests, their inbox and all that they may see', async () => {
  for (let i = 0; i < 3; i++) await submit()
  const list = (query: string, person: string) => callRoute(listDoor, { ...as(person), path: `${path}?${query}` })
  const first = await list('limit=2', 'mina')
  expectSuccess(first, endpoints.listRequests)
  expect(first.body.items).toHaveLength(2)
  const second = await list(`limit=2&cursor=${encodeURIComponent(first.body.nextCursor)}`, 'mina')
  expectSuccess(second, endpoints.listRequests)
  const ids = [...first.body.items, ...second.body.items].map((item: { id: string }) => item.id)
  expect(new Set(ids).size).toBe(ids.length)
  expect((await list('role=inbox', 'priya')).body.items.length).toBeGreaterThanOrEqual(3)
  expect((await list('role=inbox', 'jonas')).body.items).toEqual([])
  expect((await list('role=all', 'ines')).body.items.length).toBeGreaterThanOrEqual(3)
  expectProblem(await list('statsu=pending', 'mina'), 400, 'malformed')
  const bad = await list('cursor=nonsense', 'mina')
  expectProblem(bad, 400, 'malformed')
  expect(pointers(bad)).toEqual(['cursor'])
})

test('two simultaneous calls with the same Idempotency-Key get the same response and create one request', async () => {
  const before = await rowsOf('requests')
  const key = { 'idempotency-key': crypto.randomUUID() }
  const [first, second] = await Promise.all([submit({}, 'mina', key), submit({}, 'mina', key)])
  for (const answer of [first, second]) expectSuccess(answer, endpoints.submitRequest)
  expect(second.body).toEqual(first.body)
  const replayed = [first, second].map((answer) => answer.headers.get('idempotency-replayed'))
  expect(replayed.filter((value) => value === 'true')).toHaveLength(1)
  expect(await rowsOf('requests')).toBe(before + 1)
  expectProblem(await submit({ duration: 'PT10M' }, 'mina', key), 409, 'idempotency-mismatch')
  const other = await submit({}, 'priya', key)
  expect(other.body.id, 'a key belongs to one person').not.toBe(first.body.id)
  expectProblem(await submit({}, 'mina', { 'idempotency-key': 'with blank' }), 400, 'malformed')
})

test('a refused call does not spend its Idempotency-Key, which the corrected call can use again', async () => {
  const key = { 'idempotency-key': crypto.randomUUID() }
  expectProblem(await submit({ duration: 'PT9H' }, 'mina', key), 422, 'guardrail-violation')
  expectSuccess(await submit({}, 'mina', key), endpoints.submitRequest)
})
