import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { lockRequest } from '#lib/adapters/db/requests/lock-request'
import { submitRequest } from '#lib/operations/submit-request'
import { getRequest } from '#lib/views/get-request'
import { testDatabase } from '#testing/database'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { startProxy } from '#testing/proxy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aRequest, aSubmission } from '#testing/requests'
import { until } from '#testing/until'
import { db, transaction } from './client.ts'
import { sqlStateOf } from './errors.ts'

// A proxy in front of the database makes it unavailable. Callers get `unavailable` in time, and it works again
// afterwards.

const database = await testDatabase()
const policy = await testPolicy()
const address = new URL(database.appUrl)
const proxy = await startProxy({ host: address.hostname, port: Number(address.port) })
address.port = String(proxy.port)
process.env.DATABASE_URL = address.href

beforeAll(() => aClusterState())
afterEach(() => proxy.mend())
afterAll(async () => {
  await policy.stop()
  await database.drop()
  await proxy.stop()
})

/** The call is refused as unavailable. Resolves to PostgreSQL's reason, where it gave one. */
async function expectUnavailable(call: () => Promise<unknown>): Promise<string | undefined> {
  const error = await rejectionOf(call())
  expect(error).toMatchObject({ code: 'unavailable' })
  expect(error.message).not.toMatch(/127\.0\.0\.1|postgres|prisma|ECONN/i)
  return sqlStateOf(error.cause)
}

/** SQLSTATE (PostgreSQL, appendix A). */
const [lockNotAvailable, queryCanceled] = ['55P03', '57014']

/** True once the pool has replaced its broken connections. */
const isBack = () =>
  db().$queryRaw`SELECT 1`.then(
    () => true,
    () => false,
  )

test('while the database is stopped reading and submitting fail as unavailable, and afterwards they work again', async () => {
  const actor = await anActor()
  const { id } = await submitRequest(actor, aSubmission())
  await proxy.cut()
  await expectUnavailable(() => getRequest(actor, id))
  await expectUnavailable(() => submitRequest(actor, aSubmission()))
  await proxy.mend()
  await until('back', isBack)
  expect(await getRequest(actor, id)).toMatchObject({ id, status: 'pending' })
})

test('a database that accepts connections and never responds makes calls fail as unavailable', async () => {
  const actor = await anActor()
  proxy.freeze()
  await expectUnavailable(() => submitRequest(actor, aSubmission()))
  await proxy.mend()
  await until('back', isBack)
  expect(await submitRequest(actor, aSubmission())).toMatchObject({ status: 'pending' })
})

test('a connection that is lost during a transaction leaves nothing behind', async () => {
  const half = () =>
    transaction(async (tx) => {
      await tx.worker.create({ data: { id: 'half' } })
      await proxy.cut()
      await tx.worker.create({ data: { id: 'other-half' } })
    })
  await expectUnavailable(half)
  await proxy.mend()
  await until('back', isBack)
  expect(await db().worker.count()).toBe(0)
})

test('a call that waits for a held lock fails as unavailable', async () => {
  const { id } = await aRequest()
  const { promise: locked, resolve: markLocked } = Promise.withResolvers<void>()
  const { promise: done, resolve: finish } = Promise.withResolvers<void>()
  const holder = transaction(async (tx) => {
    await lockRequest(tx, id)
    markLocked()
    await done
  })
  await locked
  expect(await expectUnavailable(() => transaction((tx) => lockRequest(tx, id)))).toBe(lockNotAvailable)
  finish()
  await holder
})

test('a statement that does not end fails as unavailable', async () => {
  expect(await expectUnavailable(() => db().$queryRaw`SELECT pg_sleep(20)`)).toBe(queryCanceled)
})

test('every connection sets the time limits of PostgreSQL', async () => {
  const settings = await db().$queryRaw`
    SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement,
      current_setting('idle_in_transaction_session_timeout') AS idle`
  expect(settings).toEqual([{ lock: '3s', statement: '5s', idle: '10s' }])
})
