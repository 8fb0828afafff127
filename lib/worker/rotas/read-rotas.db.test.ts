import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { withOnCall } from '#lib/adapters/auth/with-on-call'
import { currentPolicy } from '#lib/adapters/policy/current'
import { metricsText } from '#lib/api/metrics'
import type { PersonActor } from '#lib/core/access/actor'
import { loadRotas } from '#lib/operations/load-rotas'
import { submitRequest } from '#lib/operations/submit-request'
import { attention } from '#lib/views/attention'
import { getRequest } from '#lib/views/get-request'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { eventsWhere } from '#testing/events'
import { anActor } from '#testing/people'
import { aSubmission } from '#testing/requests'
import { rotaToken, startRotaServer } from '#testing/rota-server'
import { readRotas } from './read-rotas.ts'

// Rotas of a loopback server that speaks the APIs of PagerDuty, Opsgenie and Grafana OnCall, and serves a calendar.

const server = await startRotaServer()
process.env.POSTERN_ROTA_TOKEN = rotaToken
const tokenVariable = 'POSTERN_ROTA_TOKEN'
const sources = {
  'pager-duty': { pagerDuty: { escalationPolicy: 'PPOLICY', levels: [1], tokenVariable, apiUrl: server.url } },
  opsgenie: { opsgenie: { schedule: 'SCHEDULE', tokenVariable, apiUrl: server.url } },
  grafana: { grafanaOnCall: { schedule: 'SCHEDULE', tokenVariable, apiUrl: server.url } },
  calendar: { calendar: { url: `${server.url}/oncall.ics` } },
}
type Name = keyof typeof sources
const names = Object.keys(sources) as Name[]

const { database } = await testBench({
  configuration: aConfiguration({
    rotas: names.map((name) => ({ name, ...sources[name] })),
    entitlements: names.map((name) =>
      anEntitlementDocument({ name: `by-${name}`, approvals: [{ onCall: name, groups: ['payments-leads'] }] }),
    ),
  }),
})
afterAll(server.stop)

const hours = (count: number) => new Date(Date.now() + count * 3_600_000)
let mina: PersonActor
let ada: PersonActor
let priya: PersonActor
beforeAll(async () => {
  mina = await anActor({ name: 'Mina Okafor' })
  ada = await anActor({ name: 'Ada Nkemelu', email: 'ada@example.com', groups: [] })
  priya = await anActor({ name: 'Priya Nair', groups: ['payments-leads'] })
})
beforeEach(async () => {
  server.answer(undefined)
  server.calls.length = 0
  server.people.splice(0, server.people.length, { email: 'Ada@Example.com', from: hours(-2), until: hours(6) })
  await database.asApp(`UPDATE rota_states SET next_read_at = now()`)
})

/** The worker reads what is due, and this process loads it. */
async function read() {
  await readRotas()
  await loadRotas()
}
const dueAgain = () => database.asApp('UPDATE rota_states SET next_read_at = now()')
const asCaller = (actor: PersonActor): PersonActor => ({ ...actor, person: withOnCall(actor.person) })
const groupsOf = (actor: PersonActor) => asCaller(actor).person.groups.sort()
const everyRota = names.map((name) => `on-call:${name}`).sort()
const submit = (name: Name) => submitRequest(mina, aSubmission({ entitlement: `by-${name}` }))

test.each(names)('the person whom %s names is on call and approves', async (name) => {
  await read()
  const request = await submit(name)
  const { steps } = await getRequest(asCaller(ada), request.id)
  expect(steps[0]?.onCall).toMatchObject([{ rota: name, email: 'ada@example.com' }])
  expect(steps[0]?.onCall[0]?.asOf).not.toBeNull()
  expect(steps[0]?.unavailable).toEqual([])
  expect((await decide(asCaller(ada), request)).status).toBe('approved')
})

test('each API gets the token in its own way, and nothing else of the environment', async () => {
  await read()
  expect(server.calls.map(({ authorization }) => authorization).sort()).toEqual(
    [undefined, `GenieKey ${rotaToken}`, `Token token=${rotaToken}`, rotaToken].sort(),
  )
})

test('only the chosen levels of an escalation policy are on call, only now, and only by a usable address', async () => {
  server.people.splice(
    0,
    1,
    { email: 'ada@example.com', from: hours(-2), until: hours(6), level: 2 },
    { email: 'later@example.com', from: hours(1), until: hours(6) },
    { email: 'earlier@example.com', from: hours(-6), until: hours(-1) },
    { email: '"quoted"@example.com', from: hours(-2), until: hours(6) },
  )
  await read()
  expect(groupsOf(ada)).toEqual(everyRota.filter((group) => group !== 'on-call:pager-duty'))
  const rotas = currentPolicy().configuration.rotas.map(({ cached }) => cached?.shifts.map(({ person }) => person))
  expect(rotas.flat()).not.toContain('"quoted"@example.com')
})

test.each([
  ['a refused token', { status: 401 }, 'refused the token'],
  ['a missing schedule', { status: 404 }, 'knows no such schedule'],
  ['too many calls', { status: 429, headers: { 'retry-after': '600' } }, 'received too many calls'],
  ['a failing server', { status: 503 }, 'responded 503'],
  ['a redirect', 'redirect' as const, 'responded 302'],
  ['a response that is cut off', 'cut-off' as const, ''],
  ['a response that never ends', 'huge' as const, 'too large'],
  ['a response that is not what is documented', { status: 200, body: '{"oncalls":"<script>"}' }, ''],
  ['a response without JSON or a calendar', { status: 200, body: '<html>evil</html>' }, ''],
])('%s keeps the last good copy, is one event, and never keeps the groups from deciding', async (_, how, reason) => {
  await read()
  const before = (await eventsWhere({ type: 'rota.failed' })).length
  server.answer(how)
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await dueAgain()
    await read()
  }
  const failed = (await eventsWhere({ type: 'rota.failed' })).slice(before)
  expect(failed.map(({ data }) => (data as { rota: string }).rota).sort()).toEqual([...names].sort())
  for (const { data } of failed) {
    const { sentence } = data as { sentence: string }
    expect(sentence).toContain(reason)
    expect(sentence).not.toMatch(/evil|script|rota-token/)
  }
  expect(groupsOf(ada)).toEqual(everyRota)
  const request = await submit('opsgenie')
  expect((await getRequest(priya, request.id)).steps[0]?.unavailable).toMatchObject([
    { rota: 'opsgenie', isTooOld: false },
  ])
  expect((await decide(priya, request)).status).toBe('approved')
  server.answer(undefined)
  await dueAgain()
  await read()
  const recovered = await eventsWhere({ type: 'rota.recovered' })
  expect(recovered.length).toBeGreaterThanOrEqual(names.length)
  expect(await eventsWhere({ type: 'rota.failed' })).toHaveLength(before + names.length)
})

test('a source that asks to wait is left alone until then', async () => {
  server.answer({ status: 429, headers: { 'retry-after': '600' } })
  await read()
  server.calls.length = 0
  await read()
  expect(server.calls).toEqual([])
  const [row] = await database.asApp<{ wait: number }>(
    'SELECT min(extract(epoch FROM next_read_at - now()))::float8 AS wait FROM rota_states',
  )
  expect(row?.wait).toBeGreaterThan(300)
})

test('of several workers one reads a rota that is due', async () => {
  await Promise.all(Array.from({ length: 5 }, readRotas))
  expect(server.calls).toHaveLength(names.length)
})

test('what was read a day ago names no one any more, and the request says that the groups decide', async () => {
  await read()
  const yesterday = currentPolicy().configuration.rotas[0]?.cached
  expect(yesterday).toBeDefined()
  await database.asApp('UPDATE rota_states SET read_at = NULL, shifts = NULL')
  await loadRotas()
  expect(groupsOf(ada)).toEqual([])
  const request = await submit('grafana')
  expect((await getRequest(priya, request.id)).steps[0]?.unavailable).toMatchObject([
    { rota: 'grafana', isTooOld: true },
  ])
  expect((await decide(priya, request)).status).toBe('approved')
})

test('a row that no worker wrote puts no one on call', async () => {
  await read()
  const forged = JSON.stringify([{ person: 'eve@example.com', from: 0, until: 9e12 }])
  await database.asApp('UPDATE rota_states SET shifts = $1::jsonb', [forged])
  await loadRotas()
  const eve = await anActor({ email: 'eve@example.com', groups: [] })
  expect(groupsOf(eve)).toEqual([])
  expect(groupsOf(ada)).toEqual([])
})

test('the copy of one source does not count for another that has its name', async () => {
  await read()
  const row = `SELECT shifts, read_at, signature FROM rota_states WHERE name = 'opsgenie'`
  await database.asApp(`UPDATE rota_states r SET (shifts, read_at, signature) = (${row}) WHERE r.name = 'grafana'`)
  await loadRotas()
  expect(groupsOf(ada)).not.toContain('on-call:grafana')
})

test('admins and Prometheus learn that a rota can’t be read, and why', async () => {
  server.answer({ status: 401 })
  await read()
  const ola = await anActor({ name: 'Ola Nowak', roles: ['admin'] })
  const sentences = (await attention(ola))
    .filter(({ kind }) => kind === 'rota-unreadable')
    .map(({ sentence }) => sentence)
  expect(sentences).toHaveLength(names.length)
  expect(sentences[0]).toContain('refused the token')
  expect((await attention(mina)).filter(({ kind }) => kind === 'rota-unreadable')).toEqual([])
  const text = await metricsText()
  expect(text).toContain('postern_rota_failing{rota="opsgenie"} 1')
  expect(text).toContain('postern_rota_age_seconds{rota="opsgenie"}')
})
