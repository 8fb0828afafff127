import { afterAll, afterEach, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { sendNoticesAgain } from '#lib/operations/send-notices-again'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { aConfiguration } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { noticesWhere, notifyAll, notifyUntilKilled, whileNotifying } from '#testing/notices'
import { anActor, companyActors } from '#testing/people'
import { aSubmission } from '#testing/requests'
import { until } from '#testing/until'
import { startWebhookReceiver, webhookSecret } from '#testing/webhook-receiver'

process.env.POSTERN_WEBHOOK_SECRET = webhookSecret
const receiver = await startWebhookReceiver()
const { database, policy } = await testBench({
  configuration: aConfiguration({ notifications: { webhook: { url: receiver.url } } }),
})
afterEach(() => receiver.answer(undefined))
afterAll(receiver.stop)

const hooksAbout = (id: string) =>
  receiver.received().filter(({ body }) => (body.data as { request: { id: string } }).request.id === id)
const mina = await anActor({ name: 'Mina Okafor' })
const { ola } = await companyActors('ola')
const priya = await anActor({ name: 'Priya Nair', groups: ['payments-leads'] })

test('a webhook gets what happened to a request, signed, and nothing that could be used', async () => {
  const request = await submitRequest(mina, aSubmission({ ticket: 'OPS-1' }))
  await notifyAll()
  await decide(priya, request, { note: 'Go ahead.' })
  await notifyAll()
  const [waits, decided] = hooksAbout(request.id)
  expect(waits?.body).toMatchObject({
    type: 'request-waits',
    data: { version: 1, request: { status: 'pending', requester: 'Mina Okafor', ticket: 'OPS-1', severity: 'medium' } },
  })
  expect(decided?.body).toMatchObject({
    type: 'request-decided',
    data: { decidedBy: 'Priya Nair', note: { by: 'Priya Nair', text: 'Go ahead.' }, request: { status: 'approved' } },
  })
  expect(receiver.forged()).toBe(0)
})

test('a webhook that asks for patience gets the same id again, and not before the time that it named', async () => {
  receiver.answer({ status: 429, headers: { 'retry-after': '1800' } })
  const { id } = await submitRequest(mina, aSubmission())
  const mine = async () => (await noticesWhere({ where: { requestId: id } }))[0]
  const began = Date.now()
  await whileNotifying(() => until('it was refused', async () => (await mine())?.lastError?.includes('429') === true))
  const dueAt = (await mine())?.nextAttemptAt?.getTime() ?? 0
  expect(dueAt - began).toBeGreaterThanOrEqual(1_790_000)
  receiver.answer(undefined)
  await database.asApp('UPDATE notices SET next_attempt_at = now() WHERE outcome IS NULL')
  await notifyAll()
  const ids = hooksAbout(id).map((hook) => hook.id)
  expect(ids).toHaveLength(2)
  expect(new Set(ids).size).toBe(1)
})

test('a webhook that refuses the content gets it once, and it can be sent again later', async () => {
  receiver.answer({ status: 422 })
  const { id } = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(await noticesWhere({ where: { requestId: id } })).toMatchObject([
    { outcome: 'dead', attempts: 1, lastError: expect.stringContaining('responded 422') },
  ])
})

test.each([
  ['refused', { status: 422 }],
  ['asked for patience', { status: 429, headers: { 'retry-after': '1800' } }],
])('what an admin sends again is sent at once, also after the channel %s', async (_what, how) => {
  receiver.answer(how)
  const { id } = await submitRequest(mina, aSubmission())
  const mine = async () => (await noticesWhere({ where: { requestId: id } }))[0]
  await whileNotifying(async (wake) => {
    await until('it was refused', async () => (await mine())?.lastError?.includes(`${how.status}`) === true)
    await database.asApp(
      `UPDATE notices SET outcome = 'dead', outcome_at = now(), next_attempt_at = NULL WHERE outcome IS NULL`,
    )
    receiver.answer(undefined)
    const began = Date.now()
    await sendNoticesAgain(ola, { channel: 'webhook' })
    wake('webhook')
    await until('it is sent', async () => (await mine())?.outcome === 'sent')
    // Without being woken, a channel looks after fifteen seconds.
    expect(Date.now() - began).toBeLessThan(10_000)
  })
})

test.each([
  ['http://127.0.0.1:1/hook', "can't be reached"],
  // Metadata services hand out credentials to any caller on the machine.
  ['https://169.254.169.254/latest/meta-data', 'link-local or metadata address'],
])('a webhook at %s is not called, and the notice says why', async (url, why) => {
  await policy.change(aConfiguration({ notifications: { webhook: { url } } }))
  const { id } = await submitRequest(mina, aSubmission())
  const error = async () => (await noticesWhere({ where: { requestId: id } }))[0]?.lastError ?? ''
  await whileNotifying(() => until('it says why', async () => (await error()).includes(why)))
  await policy.reset()
  await database.asApp('UPDATE notices SET next_attempt_at = now() WHERE outcome IS NULL')
  await notifyAll()
})

/** POSTERN_NOTICES=10000 is the long form. */
const many = Number(process.env.POSTERN_NOTICES ?? 1_000)

test('queued notices reach the channel across a kill -9: none is lost, and a repeated one has the same id', async () => {
  const { id } = await submitRequest(mina, aSubmission())
  await notifyAll()
  const before = receiver.received().length
  await database.asOwner(
    `INSERT INTO audit_events (id, type, actor_kind, actor_name, via, reference, request_id, data)
     SELECT 'evt_load_' || n, 'request.submitted', 'system', 'load', 'system', 'load', $1, '{}' FROM generate_series(1, $2::int) n`,
    [id, many],
  )
  await notifyUntilKilled(async () => receiver.received().length - before > many / 5, 500_000)
  // The killed worker's leases run out now instead of in a minute and a half.
  await database.asApp('UPDATE notices SET lease_until = now() WHERE lease_until IS NOT NULL')
  await whileNotifying(() =>
    until(
      'everything is delivered',
      async () =>
        (await db().notice.count({ where: { requestId: id, outcome: 'sent' } })) === many + 1 &&
        new Set(receiver.received().map((hook) => hook.id)).size >= many + 1,
      500_000,
    ),
  )
  const received = receiver.received().slice(before)
  const ids = new Set(received.map((hook) => hook.id))
  const expected = (await noticesWhere({ where: { requestId: id } })).map((notice) => notice.id)
  expect(expected.slice(1).filter((one) => !ids.has(one))).toEqual([])
  // Only what was under way when the worker was killed is sent twice.
  expect(received.length - ids.size).toBeLessThanOrEqual(4)
}, 1_000_000)
