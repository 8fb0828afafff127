import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { mostComments } from '#lib/core/access/comment'
import { getRequest } from '#lib/views/get-request'
import { inbox } from '#lib/views/inbox'
import { followUpRequest } from '#lib/worker/follow-up-request'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { decide, expectDecisionRefused, requestRow } from '#testing/decisions'
import { eventsWhere, eventTypesWhere } from '#testing/events'
import { mailbox } from '#testing/mailbox'
import { noticesWhere, notifyAll } from '#testing/notices'
import { anActor, aSystemActor } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aComment, aRequest } from '#testing/requests'
import { addComment } from './add-comment.ts'

// Requests of Mina in a step that reminds after ten minutes and escalates to `sre` after fifteen.

const approvals = [
  { groups: ['payments-leads'], remindAfter: 'PT10M', escalate: [{ after: 'PT15M', to: { groups: ['sre'] } }] },
]
const box = await mailbox()
const { database } = await testBench({
  configuration: aConfiguration({
    entitlements: [anEntitlementDocument({ approvals })],
    notifications: { email: { server: box.smtp, from: 'postern@example.com' } },
  }),
})
afterAll(box.stop)

let mina: PersonActor
let priya: PersonActor
let sam: PersonActor
let sid: PersonActor
beforeAll(async () => {
  mina = await anActor({ name: 'Mina Okafor' })
  priya = await anActor({ name: 'Priya Nair', groups: ['payments-leads'] })
  sam = await anActor({ name: 'Sam Duarte', groups: ['payments-leads'] })
  sid = await anActor({ name: 'Sid Amari', groups: ['sre'] })
})

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)
const submitted = (minutes = 0) =>
  aRequest({ requester: mina.person, entitlement: anEntitlement({ approvals }), createdAt: minutesAgo(minutes) })
const followUp = (id: string) => followUpRequest(aSystemActor(), id)
const question = { text: 'Which pods hang?', needsInformation: true }

describe('a comment', () => {
  test('the requester and an approver read each other’s comments, and each is an event', async () => {
    const { id } = await submitted()
    await addComment(priya, id, question)
    await addComment(mina, id, { text: 'checkout-7d9 and <b>two</b> more' })
    for (const actor of [mina, priya])
      expect((await getRequest(actor, id)).comments).toMatchObject([
        { person: { name: 'Priya Nair' }, ...question },
        { person: { name: 'Mina Okafor' }, text: 'checkout-7d9 and <b>two</b> more', needsInformation: false },
      ])
    const events = await eventsWhere({ requestId: id })
    expect(events.map(({ type, actorId }) => [type, actorId])).toEqual([
      ['comment.added', priya.person.id],
      ['comment.added', mina.person.id],
    ])
  })

  test('only the requester and those who may decide a request comment on it, and each refusal is recorded', async () => {
    const { id } = await submitted()
    const others = {
      'not-found': [await anActor(), sid],
      forbidden: [
        await anActor({ groups: ['security-audit'], roles: ['auditor'] }),
        await anActor({ email: mina.person.email, groups: ['payments-leads'] }),
      ],
    }
    for (const [code, actors] of Object.entries(others))
      for (const actor of actors) expect(await rejectionOf(addComment(actor, id, question))).toMatchObject({ code })
    expect((await getRequest(priya, id)).comments).toEqual([])
    expect(await eventTypesWhere({ requestId: id })).toEqual(Array(4).fill('comment.refused'))
  })

  test('a decided request is commented on no more', async () => {
    const request = await submitted()
    await decide(priya, request, { decision: 'deny' })
    for (const actor of [mina, priya])
      expect(await rejectionOf(addComment(actor, request.id, { text: 'why?' }))).toMatchObject({ code: 'conflict' })
  })

  test('a requester can’t stop the clock of their own request', async () => {
    const { id } = await submitted()
    expect(await rejectionOf(addComment(mina, id, question))).toMatchObject({
      ...{ code: 'invalid', errors: [{ pointer: '/needsInformation' }] },
    })
    await expect(aComment({ id }, mina.person, { needsInformation: true })).rejects.toThrow('only an approver')
  })

  test('a request has a limited number of comments, and neither side can use up those of the other', async () => {
    const [ofApprovers, ofRequester] = [await submitted(), await submitted()]
    for (let count = 0; count < mostComments - 1; count++) await aComment(ofApprovers, priya.person)
    await addComment(priya, ofApprovers.id, question)
    expect((await getRequest(priya, ofApprovers.id)).mayComment).toMatchObject({ may: false })
    expect(await rejectionOf(addComment(priya, ofApprovers.id, { text: 'one more' }))).toMatchObject({
      code: 'conflict',
    })
    await addComment(mina, ofApprovers.id, { text: 'checkout-7d9' })
    expect(await requestRow(ofApprovers), 'the clock goes on').toMatchObject({ followUpAt: expect.any(Date) })
    for (let count = 0; count < mostComments; count++) await aComment(ofRequester, mina.person)
    expect((await getRequest(mina, ofRequester.id)).mayComment).toMatchObject({ may: false })
    expect(await rejectionOf(addComment(mina, ofRequester.id, { text: 'one more' }))).toMatchObject({
      code: 'conflict',
    })
    await addComment(priya, ofRequester.id, question)
  })

  test('a comment is permanent, and one that Postern did not write is shown to no one and stops nothing', async () => {
    const { id } = await submitted(16)
    await aComment({ id }, priya.person, { ...question, at: minutesAgo(12), signature: null })
    expect(await getRequest(mina, id)).toMatchObject({ comments: [], needsInformationSince: null })
    await followUp(id)
    expect(await eventTypesWhere({ requestId: id })).toEqual(['request.escalated'])
    for (const change of ['DELETE FROM comments', `UPDATE comments SET text = 'never mind'`])
      await expect(database.asApp(`${change} WHERE request_id = $1`, [id])).rejects.toThrow()
    await expect(database.asApp('UPDATE requests SET comment_count = 0 WHERE id = $1', [id])).rejects.toThrow(
      'comments are permanent',
    )
  })
})

describe('a question', () => {
  test('a question stops reminders and escalation until the requester answers, and they go on from there', async () => {
    const { id } = await submitted(5)
    await addComment(priya, id, question)
    expect(await requestRow({ id })).toMatchObject({ followUpAt: null })
    expect((await getRequest(mina, id)).needsInformationSince).not.toBeNull()
    await addComment(mina, id, { text: 'checkout-7d9' })
    const { createdAt, followUpAt } = await requestRow({ id })
    expect(followUpAt?.getTime()).toBeGreaterThan(createdAt.getTime() + 600_000)
    expect((await getRequest(mina, id)).needsInformationSince).toBeNull()
  })

  test('a request that waits for an answer does not escalate, whatever its row says, and shows no time for it', async () => {
    const { id } = await submitted(30)
    await aComment({ id }, priya.person, { ...question, at: minutesAgo(25) })
    await database.asApp('UPDATE requests SET follow_up_at = now() WHERE id = $1', [id])
    await followUp(id)
    expect(await eventTypesWhere({ requestId: id })).toEqual([])
    expect((await getRequest(priya, id)).steps).toMatchObject([{ escalations: [] }])
    const { items } = await inbox(priya, { sort: 'oldest', isGrouped: false }, 50, null)
    expect(items.find((one) => one.id === id)).toMatchObject({ needsInformation: true, escalation: null })
  })

  test('the time of a question does not count, so the next approvers can’t approve in it', async () => {
    const request = await submitted(30)
    await aComment(request, priya.person, { ...question, at: minutesAgo(25) })
    await aComment(request, mina.person, { at: minutesAgo(8) })
    // The database lets the request be shown by the time of the day; who may approve follows from the signed comments.
    await database.asApp(`UPDATE requests SET approver_groups = approver_groups || 'sre'::text WHERE id = $1`, [
      request.id,
    ])
    await expectDecisionRefused(sid, request, 'forbidden', 'not-an-approver')
    expect(await decide(priya, request)).toMatchObject({ status: 'approved' })
  })

  test('what was due before the question still happens', async () => {
    const { id } = await submitted(16)
    await addComment(priya, id, question)
    await followUp(id)
    expect(await eventTypesWhere({ requestId: id, type: 'request.escalated' })).toHaveLength(1)
    expect(await requestRow({ id })).toMatchObject({ followUpAt: null })
  })

  test('an approval of the next approvers after the answer begins access', async () => {
    const request = await submitted(40)
    await aComment(request, priya.person, { ...question, at: minutesAgo(35) })
    await aComment(request, mina.person, { at: minutesAgo(20) })
    await followUp(request.id)
    expect(await decide(sid, request)).toMatchObject({ status: 'approved' })
  })
})

describe('the notices', () => {
  const mailed = async (id: string) => {
    await notifyAll()
    const sent = await noticesWhere({ where: { requestId: id, kind: 'comment-added', outcome: 'sent' } })
    return sent.map(({ recipient }) => recipient).sort()
  }
  const idsOf = (...actors: PersonActor[]) => actors.map(({ person }) => person.id).sort()

  test('a question is mailed to the requester, and the answer to the approver who asked', async () => {
    const { id } = await submitted()
    await addComment(priya, id, question)
    expect(await mailed(id)).toEqual(idsOf(mina))
    await addComment(mina, id, { text: 'checkout-7d9' })
    expect(await mailed(id)).toEqual(idsOf(mina, priya))
  })

  test('a comment that no approver prompted is mailed to everyone who may decide the request', async () => {
    const { id } = await submitted()
    await addComment(mina, id, { text: 'it is getting worse' })
    expect(await mailed(id)).toEqual(idsOf(priya, sam))
  })

  test('a comment is not mailed once the request is decided', async () => {
    const request = await submitted()
    await addComment(priya, request.id, question)
    await decide(sam, request)
    expect(await mailed(request.id)).toEqual([])
  })
})
