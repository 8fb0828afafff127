import { expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import type { Handler } from '#lib/api/handle'
import { apiBench } from '#testing/api-bench'
import { aBrowser, signInWith } from '#testing/browser'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import * as nothingDoor from '../[[...path]]/route.ts'
import * as explainDoor from './access/explain/route.ts'
import * as exportDoor from './audit-events/export/route.ts'
import * as auditDoor from './audit-events/route.ts'
import * as clustersDoor from './clusters/route.ts'
import * as entitlementsDoor from './entitlements/route.ts'
import * as meDoor from './me/route.ts'
import * as openApiDoor from './openapi.json/route.ts'
import * as requestsDoor from './requests/route.ts'

const { database, as } = await apiBench(['mina', 'jonas', 'ines'])

test('a caller can read their own identity and the claims that it comes from', async () => {
  const answer = await callRoute(meDoor, { ...as('ines'), path: '/api/v1/me' })
  expectSuccess(answer, endpoints.me)
  expect(answer.body).toMatchObject({ subject: 'ines', groups: ['security-audit'], roles: ['auditor'] })
  expect(answer.body.claims).toMatchObject({ subject: 'sub', email: 'email', groups: 'groups' })
})

test('a caller can list the entitlements that they may request, and not those of others', async () => {
  const minas = await callRoute(entitlementsDoor, { ...as('mina'), path: '/api/v1/entitlements' })
  const jonas = await callRoute(entitlementsDoor, { ...as('jonas'), path: '/api/v1/entitlements' })
  for (const answer of [minas, jonas]) expectSuccess(answer, endpoints.listEntitlements)
  const names = (answer: typeof minas) => answer.body.items.map((item: { name: string }) => item.name)
  expect(names(minas)).toContain('payments-restart')
  expect(names(jonas)).not.toContain('payments-restart')
})

test('a caller can download their events as a file, and a call that is refused gets a problem instead', async () => {
  const get = (query: string, token: string) =>
    (exportDoor.GET as Handler)(
      new Request(`http://localhost/api/v1/audit-events/export?${query}`, {
        headers: { authorization: `Bearer ${token}` },
      }),
      { params: Promise.resolve({}) },
    )
  const file = await get('format=csv', as('ines').token ?? '')
  expect(file.status).toBe(200)
  expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(file.headers.get('content-disposition')).toBe('attachment; filename="postern-history.csv"')
  expect(await file.text()).toMatch(/^"time","type",/)
  expect((await get('format=xlsx', as('ines').token ?? '')).status).toBe(400)
  expect((await get('format=csv&from=soon', as('ines').token ?? '')).status).toBe(400)
  expect((await get('format=csv', 'no-token')).status).toBe(401)
})

test('no one holds more than twenty downloads open, and a finished one counts no more', async () => {
  const get = () =>
    (exportDoor.GET as Handler)(
      new Request('http://localhost/api/v1/audit-events/export?format=csv', {
        headers: { authorization: `Bearer ${as('jonas').token}` },
      }),
      { params: Promise.resolve({}) },
    )
  const open = []
  for (let i = 0; i < 20; i++) open.push(await get())
  expect(open.every(({ status }) => status === 200)).toBe(true)
  expect((await get()).status).toBe(429)
  await open[0]?.text()
  await open[1]?.body?.cancel()
  expect((await get()).status).toBe(200)
})

test('a caller can list the clusters with their last known state', async () => {
  const answer = await callRoute(clustersDoor, { ...as('mina'), path: '/api/v1/clusters' })
  expectSuccess(answer, endpoints.listClusters)
  expect(answer.body.items).toMatchObject([{ name: 'prod-eu', reachable: true }])
})

test('an access check is open to the person concerned and to auditors, and hides from others whether a person exists', async () => {
  const explain = (who: string, query: object) =>
    callRoute(explainDoor, {
      ...as(who),
      path: `/api/v1/access/explain?${new URLSearchParams({ cluster: 'prod-eu', verb: 'get', ...query })}`,
    })
  const secrets = { resource: 'secrets', namespace: 'payments' }
  const own = await explain('mina', secrets)
  expectSuccess(own, endpoints.explainAccess)
  expect(own.body).toMatchObject({ person: { name: 'Mina Okafor' }, allowed: null, asOf: null })
  expect(own.body.entitlements).toMatchObject([{ name: 'payments-secrets' }])
  expect((await explain('mina', { ...secrets, person: 'mina' })).body.person).toEqual(own.body.person)
  const about = await explain('ines', { ...secrets, person: 'mina@example.com' })
  expectSuccess(about, endpoints.explainAccess)
  expect(about.body.person).toEqual(own.body.person)
  const [jonas, nobody] = [
    await explain('mina', { ...secrets, person: 'jonas' }),
    await explain('mina', { ...secrets, person: 'nobody' }),
  ]
  expectProblem(jonas, 404, 'not-found')
  expect({ ...jonas.body, reference: '' }).toEqual({ ...nobody.body, reference: '' })
  expectProblem(await explain('ines', { ...secrets, person: 'nobody' }), 404, 'not-found')
  expectProblem(await explain('mina', { ...secrets, path: '/metrics' }), 400, 'malformed')
  expectProblem(await explain('mina', {}), 400, 'malformed')
  expectProblem(await explain('mina', { ...secrets, cluster: 'other' }), 422, 'invalid')
})

test('auditors read all events and others those about themselves, and unknown filters are refused', async () => {
  const submit = (over: object) =>
    callRoute(requestsDoor, {
      ...as('mina'),
      method: 'POST',
      path: '/api/v1/requests',
      body: {
        entitlement: 'payments-restart',
        cluster: 'prod-eu',
        namespaces: ['payments'],
        reason: 'Payments hang since the last release',
        duration: 'PT30M',
        ...over,
      },
    })
  const { body } = await submit({})
  await submit({ duration: 'PT9H' })
  const list = (query: string, person: string) =>
    callRoute(auditDoor, { ...as(person), path: `/api/v1/audit-events?${query}` })
  const all = await list('type=request.submitted', 'ines')
  expectSuccess(all, endpoints.listAuditEvents)
  expect(all.body.items).toMatchObject([{ requestId: body.id, actor: { name: 'Mina Okafor' }, via: 'api' }])
  expect((await list('type=request.refused', 'mina')).body.items).toHaveLength(1)
  // The event that Postern learned Jonas's groups is about Jonas; there is no other that he may read.
  const ofJonas = (await list('', 'jonas')).body.items as Array<{ type: string; actor: { name: string } }>
  expect(ofJonas.map(({ type, actor }) => [type, actor.name])).toEqual([['session.groups-changed', 'Jonas Weber']])
  for (const query of ['type=request.invented', 'from=yesterday', 'request=nonsense', 'who=mina']) {
    expectProblem(await list(query, 'ines'), 400, 'malformed')
  }
})

test('a refusal has the same reference in the response and in the audit event', async () => {
  const answer = await callRoute(requestsDoor, {
    ...as('mina'),
    method: 'POST',
    path: '/api/v1/requests',
    body: {
      entitlement: 'payments-restart',
      cluster: 'prod-eu',
      namespaces: ['search'],
      reason: 'x',
      duration: 'PT9H',
    },
  })
  const events = await database.asOwner<{ type: string }>('SELECT type FROM audit_events WHERE reference = $1', [
    answer.body.reference,
  ])
  expect(events).toEqual([{ type: 'request.refused' }])
})

test('a browser session can read, and can write only from Postern’s own pages', async () => {
  const browser = aBrowser()
  await signInWith(browser, 'mina')
  const cookie = `postern.session=${browser.cookies.get('postern.session')}`
  expectSuccess(await callRoute(meDoor, { path: '/api/v1/me', headers: { cookie } }), endpoints.me)
  const write = (headers: Record<string, string>) =>
    callRoute(requestsDoor, { method: 'POST', path: '/api/v1/requests', body: {}, headers: { cookie, ...headers } })
  expectProblem(await write({}), 403, 'cross-origin')
  expectProblem(await write({ 'sec-fetch-site': 'cross-site' }), 403, 'cross-origin')
  expectProblem(await write({ 'sec-fetch-site': 'same-origin' }), 400, 'malformed')
})

test('a refused token never falls back to a valid cookie', async () => {
  const browser = aBrowser()
  await signInWith(browser, 'mina')
  const cookie = `postern.session=${browser.cookies.get('postern.session')}`
  const answer = await callRoute(meDoor, { path: '/api/v1/me', token: 'not.a.token', headers: { cookie } })
  expectProblem(answer, 401, 'unauthenticated')
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="postern", error="invalid_token"/)
})

test('a caller can read in which browsers they are signed in, without an id, and not those of others', async () => {
  const sessionsOf = async (person: string) => {
    const answer = await callRoute(meDoor, { ...as(person), path: '/api/v1/me' })
    expectSuccess(answer, endpoints.me)
    return answer.body.sessions
  }
  expect(await sessionsOf('jonas')).toEqual([])
  await signInWith(aBrowser(), 'jonas')
  await database.asOwner(`UPDATE sessions SET client_address = '192.0.2.1'`)
  await signInWith(aBrowser(), 'jonas')
  await signInWith(aBrowser(), 'mina')
  await database.asOwner(`UPDATE sessions SET client_address = NULL WHERE client_address IS DISTINCT FROM '192.0.2.1'`)
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  const from = (clientAddress: string | null) => ({ startedAt: time, expiresAt: time, clientAddress })
  expect(await sessionsOf('jonas')).toEqual([from(null), from('192.0.2.1')])
  await database.asOwner(`UPDATE sessions SET ended_at = now() WHERE client_address = '192.0.2.1'`)
  expect(await sessionsOf('jonas')).toEqual([from(null)])
})

test('an unsupported method gets 405 with the supported ones', async () => {
  for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) {
    const answer = await callRoute(meDoor, { method, path: '/api/v1/me' })
    expectProblem(answer, 405, 'method-not-allowed')
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  }
  expect((await callRoute(requestsDoor, { method: 'OPTIONS', path: '/api/v1/requests' })).headers.get('allow')).toBe(
    'GET, HEAD, POST, OPTIONS',
  )
  const head = await callRoute(meDoor, { ...as('mina'), method: 'HEAD', path: '/api/v1/me' })
  expect([head.status, head.body]).toEqual([200, null])
})

test('an unknown path gets the same 404 as something that does not exist', async () => {
  expectProblem(await callRoute(nothingDoor, { method: 'POST', path: '/api/v2/me' }), 404, 'not-found')
})

test('anyone can read the OpenAPI document, which names the server’s URL', async () => {
  const answer = await callRoute(openApiDoor, { path: '/api/v1/openapi.json' })
  expect(answer.body).toMatchObject({ openapi: '3.1.1', servers: [{ url: 'http://localhost:3000/api/v1' }] })
})
