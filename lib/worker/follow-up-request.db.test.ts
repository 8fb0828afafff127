import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { getRequest } from '#lib/views/get-request'
import { inboxCount } from '#lib/views/inbox-count'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { decide, expectDecisionRefused, requestRow } from '#testing/decisions'
import { eventsWhere, eventTypesWhere } from '#testing/events'
import { mailbox } from '#testing/mailbox'
import { noticesWhere, notifyAll } from '#testing/notices'
import { anActor, aSystemActor, isNowIn } from '#testing/people'
import { aRequest } from '#testing/requests'
import { killedWhileWriting } from '#testing/work-until-killed'
import { followUpRequest } from './follow-up-request.ts'

// Requests that were submitted some minutes ago, in a step that reminds after ten minutes and escalates to `sre` after fifteen.

const approvals = [
  {
    groups: ['payments-leads'],
    remindAfter: 'PT10M',
    escalate: [{ after: 'PT15M', to: { groups: ['sre'], onCall: 'platform' } }],
  },
]
const box = await mailbox()
const { database, policy } = await testBench({
  configuration: aConfiguration({
    rotas: [{ name: 'platform', zone: 'UTC', rotation: { people: ['oncall@example.com'], from: '2026-01-05T09:00' } }],
    entitlements: [anEntitlementDocument({ approvals })],
    notifications: { email: { server: box.smtp, from: 'postern@example.com' } },
  }),
})
afterAll(box.stop)

let mina: PersonActor
let priya: PersonActor
let sid: PersonActor
let onCall: PersonActor
beforeAll(async () => {
  mina = await anActor({ name: 'Mina Okafor' })
  priya = await anActor({ name: 'Priya Nair', groups: ['payments-leads'] })
  sid = await anActor({ name: 'Sid Amari', groups: ['sre'] })
  // The groups that a caller gets with their identity.
  onCall = await anActor({ name: 'On Call', email: 'oncall@example.com', groups: [] })
})

const submitted = (minutesAgo: number) =>
  aRequest({
    requester: mina.person,
    entitlement: anEntitlement({ approvals }),
    createdAt: new Date(Date.now() - minutesAgo * 60_000),
  })
const followUp = (id: string) => followUpRequest(aSystemActor(), id)
const toldOf = async (id: string, kind: string) =>
  (await noticesWhere({ where: { requestId: id, kind, outcome: 'sent' } })).map(({ recipient }) => recipient).sort()

test('a request that no one decides escalates once, however many workers find it at the same moment', async () => {
  const { id } = await submitted(16)
  const done = await Promise.all(Array.from({ length: 8 }, () => followUp(id)))
  expect(done.filter(Boolean)).toHaveLength(1)
  const events = await eventsWhere({ requestId: id })
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    ['request.escalated', { from: ['payments-leads'], to: ['sre', 'on-call:platform'], afterSeconds: 900 }],
  ])
  expect(events[0]).toMatchObject({ actorKind: 'system', aboutId: mina.person.id })
  expect(await requestRow({ id })).toMatchObject({ status: 'pending', followUpAt: null })
})

test('the next approvers can decide a request only after it escalated to them', async () => {
  const early = await submitted(12)
  await followUp(early.id)
  expect(await eventTypesWhere({ requestId: early.id })).toEqual(['request.reminded'])
  await expectDecisionRefused(sid, early, 'not-found', 'not-found')
  const late = await submitted(16)
  await expectDecisionRefused(sid, late, 'not-found', 'not-found')
  const before = await inboxCount(sid)
  await followUp(late.id)
  expect(await inboxCount(sid)).toBe(before + 1)
  expect(await decide(sid, late)).toMatchObject({ status: 'approved' })
})

test('the first approvers can still decide a request that has escalated', async () => {
  const request = await submitted(16)
  await followUp(request.id)
  expect(await decide(priya, request)).toMatchObject({ status: 'approved' })
})

test('an escalation to the requester’s own group is no way to approve one’s own request', async () => {
  const own = await aRequest({
    ...{ requester: sid.person, entitlement: anEntitlement({ approvals }) },
    createdAt: new Date(Date.now() - 16 * 60_000),
  })
  await followUp(own.id)
  await expectDecisionRefused(sid, own, 'forbidden', 'own-request')
})

test('an escalation that the configuration no longer names lets no one approve any more', async () => {
  const request = await submitted(16)
  await followUp(request.id)
  await policy.change(
    aConfiguration({ entitlements: [anEntitlementDocument({ approvals: [{ groups: ['payments-leads'] }] })] }),
  )
  await expectDecisionRefused(sid, request, 'forbidden', 'not-an-approver')
})

const required = { ...{ groups: ['security'], count: 1 }, escalate: [{ after: 900, groups: ['sre'] }] }
const guarded = (escalate: object) =>
  aConfiguration({
    entitlements: [anEntitlementDocument({ approvals: [{ groups: ['payments-leads'] }] })],
    guardrails: [
      {
        ...{ name: 'needs-security', description: 'Payments are audited.', effect: 'require' },
        require: { approvals: [{ groups: ['security'], ...escalate }] },
      },
    ],
  })
const submittedUnder = (minutesAgo: number) =>
  aRequest({
    requester: mina.person,
    entitlement: anEntitlement({ approvals: [{ groups: ['payments-leads'] }] }),
    steps: [{ groups: ['payments-leads'], count: 1 }, required],
    createdAt: new Date(Date.now() - minutesAgo * 60_000),
  })

test('a step that a guardrail requires escalates, and its next approvers complete it', async () => {
  await policy.change(guarded({ escalate: [{ after: 'PT15M', to: { groups: ['sre'] } }] }))
  const request = await submittedUnder(16)
  await expectDecisionRefused(sid, request, 'not-found', 'not-found')
  await followUp(request.id)
  expect((await eventsWhere({ requestId: request.id, type: 'request.escalated' })).map(({ data }) => data)).toEqual([
    { from: ['security'], to: ['sre'], afterSeconds: 900 },
  ])
  expect((await getRequest(sid, request.id)).steps).toMatchObject([
    { escalations: [] },
    { groups: ['security'], escalations: [{ groups: ['sre'], isDone: true }] },
  ])
  expect(await decide(sid, request)).toMatchObject({ status: 'pending' })
  expect(await decide(priya, request)).toMatchObject({ status: 'approved' })
})

test('an escalation that the guardrail no longer names lets no one approve any more, and happens no more', async () => {
  await policy.change(guarded({ escalate: [{ after: 'PT15M', to: { groups: ['sre'] } }] }))
  const [escalated, waiting] = [await submittedUnder(16), await submittedUnder(16)]
  await followUp(escalated.id)
  await policy.change(guarded({}))
  await expectDecisionRefused(sid, escalated, 'forbidden', 'not-an-approver')
  await followUp(waiting.id)
  expect(await eventTypesWhere({ requestId: waiting.id })).toEqual([])
})

test('a step that was complete when its escalation was due escalates once its approver has lost their group', async () => {
  await policy.change(guarded({ escalate: [{ after: 'PT15M', to: { groups: ['sre'] } }] }))
  const sam = await anActor({ name: 'Sam Kaya', groups: ['security'] })
  const request = await submittedUnder(16)
  await decide(sam, request)
  await followUp(request.id)
  expect(await eventTypesWhere({ requestId: request.id, type: 'request.escalated' })).toEqual([])
  await isNowIn(sam.person, [])
  await database.asApp('UPDATE requests SET follow_up_at = now() WHERE id = $1', [request.id])
  await followUp(request.id)
  expect(await eventTypesWhere({ requestId: request.id, type: 'request.escalated' })).toHaveLength(1)
  expect(await requestRow({ id: request.id })).toMatchObject({ followUpAt: null })
  expect(await decide(sid, request)).toMatchObject({ status: 'pending' })
})

test('the database lets no one escalate a request before its time, or to a group that no step names', async () => {
  const { id } = await submitted(12)
  const showTo = (group: string) =>
    database.asApp(`UPDATE requests SET approver_groups = approver_groups || $2::text WHERE id = $1`, [id, group])
  await expect(showTo('sre')).rejects.toThrow('an escalation that is due')
  await expect(showTo('payments-dev')).rejects.toThrow('an escalation that is due')
  await expect(
    database.asApp(`UPDATE requests SET approver_groups = '{}' WHERE id = $1`, [id]),
    'and hides it from no one',
  ).rejects.toThrow('an escalation that is due')
})

test('a row that makes the worker come early escalates nothing', async () => {
  const { id } = await submitted(2)
  await database.asApp('UPDATE requests SET follow_up_at = now() WHERE id = $1', [id])
  await followUp(id)
  expect(await eventTypesWhere({ requestId: id })).toEqual([])
  expect((await requestRow({ id })).approverGroups).toEqual(['payments-leads'])
})

test('a decided request is followed up no more', async () => {
  const request = await submitted(16)
  await decide(priya, request, { decision: 'deny' })
  expect(await followUp(request.id)).toBe(false)
  expect(await eventTypesWhere({ requestId: request.id, type: 'request.escalated' })).toEqual([])
})

test('the reminder goes to those who may decide, and the escalation only to those whom it adds', async () => {
  const reminded = await submitted(12)
  const escalated = await submitted(16)
  for (const { id } of [reminded, escalated]) await followUp(id)
  await notifyAll()
  expect(await toldOf(reminded.id, 'request-reminder')).toEqual([priya.person.id])
  expect(await toldOf(escalated.id, 'request-escalated')).toEqual([sid.person.id, onCall.person.id].sort())
})

test('a request says whom it escalates to and when, and afterwards that it did', async () => {
  const [early, late] = [await submitted(12), await submitted(16)]
  const [{ steps: before }] = [await getRequest(priya, early.id)]
  const at = (request: { createdAt: Date }) => new Date(request.createdAt.getTime() + 900_000).toISOString()
  const groups = ['sre', 'on-call:platform']
  expect(before).toMatchObject([
    { groups: ['payments-leads'], escalations: [{ groups, at: at(early), isDone: false }] },
  ])
  expect(before[0]?.eligible.map(({ name }) => name)).toEqual(['Priya Nair'])
  await followUp(late.id)
  const { steps: after } = await getRequest(priya, late.id)
  expect(after).toMatchObject([{ escalations: [{ groups, at: at(late), isDone: true }] }])
  expect(after[0]?.eligible.map(({ name }) => name)).toEqual(['On Call', 'Priya Nair', 'Sid Amari'])
  expect(after[0]?.onCall).toMatchObject([{ rota: 'platform' }])
})

test('a worker that is killed while it escalates leaves the whole escalation to the next one', async () => {
  const { id } = await submitted(16)
  const escalation = { write: 'AFTER INSERT ON audit_events', when: `NEW.type = 'request.escalated'` }
  await killedWhileWriting(database, 'worker', escalation)
  expect(await eventTypesWhere({ requestId: id })).toEqual([])
  expect((await requestRow({ id })).approverGroups).toEqual(['payments-leads'])
  await Promise.all([followUp(id), followUp(id)])
  expect(await eventTypesWhere({ requestId: id })).toEqual(['request.escalated'])
})
