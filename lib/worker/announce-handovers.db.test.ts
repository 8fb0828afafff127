import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlementDocument, type ConfigurationDocument } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { eventsWhere } from '#testing/events'
import { mailbox } from '#testing/mailbox'
import { noticesWhere, notifyAll } from '#testing/notices'
import { anActor, aSystemActor } from '#testing/people'
import { aSubmission } from '#testing/requests'
import { until } from '#testing/until'
import { announceHandover, watchHandovers } from './announce-handovers.ts'

// A step of the person on call. A changed configuration puts someone else on call.

const box = await mailbox()
const onCall = (person: string): ConfigurationDocument =>
  aConfiguration({
    rotas: [{ name: 'platform', zone: 'UTC', rotation: { people: [person], from: '2026-01-05T09:00' } }],
    entitlements: [
      anEntitlementDocument({ approvals: [{ onCall: 'platform' }] }),
      anEntitlementDocument({ name: 'by-leads' }),
    ],
    notifications: { email: { server: box.smtp, from: 'postern@example.com' } },
  })
const { database, policy } = await testBench({ configuration: onCall('ann@example.com') })
afterAll(box.stop)

let mina: PersonActor
let ann: PersonActor
let ben: PersonActor
beforeAll(async () => {
  mina = await anActor({ name: 'Mina Okafor', email: 'mina@example.com' })
  ann = await anActor({ name: 'Ann Lee', email: 'ann@example.com', groups: [] })
  ben = await anActor({ name: 'Ben Hale', email: 'ben@example.com', groups: [] })
  await anActor({ name: 'Lea Lund', email: 'lea@example.com', groups: ['payments-leads'] })
})

/** Submitted while Ann is on call. */
async function waiting(entitlement = 'payments-restart') {
  await policy.change(onCall('ann@example.com'))
  const request = await submitRequest(mina, aSubmission({ entitlement }))
  await notifyAll()
  return request
}
const handOver = () => policy.change(onCall('ben@example.com'))
const announced = async (requestId: string) =>
  (await eventsWhere({ requestId, type: 'request.handed-over' })).map(({ data }) => data)
const mailed = async (requestId: string, kind: string) =>
  (await noticesWhere({ where: { requestId, kind, outcome: 'sent' } })).map(({ recipient }) => recipient)

test('the person who comes on call is notified of the requests that wait for them, once, however many workers find them', async () => {
  const { id } = await waiting()
  await watchHandovers()()
  expect(await announced(id), 'before the handover').toEqual([])
  await handOver()
  await Promise.all(Array.from({ length: 6 }, () => watchHandovers()()))
  expect(await announced(id)).toEqual([{ rota: 'platform', to: ['ben@example.com'] }])
  await notifyAll()
  expect(await mailed(id, 'request-handed-over')).toEqual([ben.person.id])
  const [mail] = (await box.reaches('ben@example.com', 1)).filter(({ text }) => text.includes(id))
  expect(mail?.subject).toMatch(/^Re: /)
  expect(mail?.text).toContain('You are on call for platform now. You can approve or deny this request in Postern.')
})

test('the person of the earlier shift, who may no longer read a request, is not notified who decided it', async () => {
  const request = await waiting()
  await handOver()
  await announceHandover(aSystemActor(), request.id)
  await notifyAll()
  const onCallNow = await anActor({ name: 'Ben Hale', email: 'ben@example.com', groups: ['on-call:platform'] })
  await decide(onCallNow, request)
  await notifyAll()
  const decided = await mailed(request.id, 'request-decided')
  expect(decided).toContain(mina.person.id)
  expect(decided, 'Ann is not on call any more, so she may not read it').not.toContain(ann.person.id)
})

test('a request of other approvers, and one that is decided, is announced to no one', async () => {
  const other = await waiting('by-leads')
  const own = await waiting()
  await decide(await anActor({ name: 'Ann Lee', email: 'ann@example.com', groups: ['on-call:platform'] }), own, {
    decision: 'deny',
  })
  await handOver()
  await watchHandovers()()
  for (const { id } of [other, own]) expect(await announced(id)).toEqual([])
})

test('a worker that was down during the handover announces the requests when it starts', async () => {
  const { id } = await waiting()
  const watch = watchHandovers()
  await watch()
  await handOver()
  await watchHandovers()()
  await until('Ben is announced', async () => (await announced(id)).length === 1)
  await watch()
  expect(await announced(id), 'and the one that was up repeats nothing').toHaveLength(1)
})

test('a request of the person on call themselves is announced to the person whom the rota names after a correction', async () => {
  await policy.change(onCall('mina@example.com'))
  const { id } = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(await mailed(id, 'request-waits'), 'Mina may not decide it').toEqual([])
  await watchHandovers()()
  await handOver()
  await watchHandovers()()
  await notifyAll()
  expect(await mailed(id, 'request-handed-over')).toContain(ben.person.id)
})

test('a request that could not be announced is announced at the next look, although nothing has changed since', async () => {
  const { id } = await waiting()
  const watch = watchHandovers()
  await watch()
  await handOver()
  await database.asOwner(`CREATE FUNCTION refuse_handover() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a disk error of one row' USING ERRCODE = 'XX001'; END $$`)
  await database.asOwner(`CREATE TRIGGER refuse_handover BEFORE INSERT ON audit_events FOR EACH ROW
    WHEN (NEW.type = 'request.handed-over') EXECUTE FUNCTION refuse_handover()`)
  await watch()
  expect(await announced(id)).toEqual([])
  await database.asOwner('DROP TRIGGER refuse_handover ON audit_events')
  await watch()
  expect(await announced(id)).toEqual([{ rota: 'platform', to: ['ben@example.com'] }])
})
