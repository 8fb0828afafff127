import { afterAll, expect, test } from 'vitest'
import { callRoute, expectProblem } from '#testing/call-route'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { withPatience } from '#testing/patience'
import { startProxy } from '#testing/proxy'
import { until } from '#testing/until'
import * as readyDoor from '../../readyz/route.ts'
import * as meDoor from './me/route.ts'

const database = await testDatabase()
const url = new URL(database.appUrl)
const proxy = await startProxy({ host: url.hostname, port: Number(url.port) })
process.env.DATABASE_URL = withPatience(Object.assign(new URL(url), { port: String(proxy.port) }).href)
const identity = await testIdentity()
const token = await identity.token('mina')
afterAll(async () => {
  await identity.stop()
  await database.drop()
  await proxy.stop()
})

const me = () => callRoute(meDoor, { path: '/api/v1/me', token })
const ready = async () => (await readyDoor.GET()).status

test('while the database is unavailable callers get 503 with Retry-After, and later it works again', async () => {
  expect((await me()).status).toBe(200)
  expect(await ready()).toBe(200)
  await proxy.cut()
  const answers = await Promise.all([me(), me(), me()])
  for (const answer of answers) {
    expectProblem(answer, 503, 'unavailable')
    expect(answer.headers.get('retry-after')).toBe('2')
  }
  expect(await ready()).toBe(503)
  await proxy.mend()
  // On a busy machine the first new connection may take longer than a call waits.
  await until('calls succeed again', async () => (await me()).status === 200)
  await until('the replica is ready again', async () => (await ready()) === 200)
})

test('before the identity provider has responded for the first time, tokens get 503 and are not recorded as forged', async () => {
  await identity.provider.stop()
  const fresh = globalThis as { posternDiscovery?: Map<string, unknown>; posternKeys?: Map<string, unknown> }
  fresh.posternDiscovery?.clear()
  fresh.posternKeys?.clear()
  expectProblem(await me(), 503, 'unavailable')
})
