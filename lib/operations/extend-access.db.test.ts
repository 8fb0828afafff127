import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { moveGrant } from '#lib/adapters/db/transition'
import type { PersonActor } from '#lib/core/access/actor'
import type { Id } from '#lib/core/access/ids'
import type { Submission } from '#lib/core/access/request'
import { getRequest } from '#lib/views/get-request'
import { previewRequest } from '#lib/views/preview-request'
import { testBench } from '#testing/bench'
import { anEntitlementDocument } from '#testing/configuration'
import { decide, expectDecisionRefused } from '#testing/decisions'
import { eventsWhere } from '#testing/events'
import { anActor, aSystemActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant, aRequest, aSubmission } from '#testing/requests'
import { releaseGrant } from './release-grant.ts'
import { revokeGrant } from './revoke-grant.ts'
import { submitRequest } from './submit-request.ts'

const { offer } = await testBench()
const { priya } = await companyActors('priya')

/** Active access of this person, that began some minutes ago. */
async function heldBy({ person }: PersonActor, minutesAgo = 25, request: Parameters<typeof aRequest>[0] = {}) {
  const approved = await aRequest({ requester: person, status: 'approved', ...request })
  const activatedAt = new Date(Date.now() - minutesAgo * 60_000)
  const { id } = await aGrant({ request: approved, status: 'active', activatedAt })
  return { id: id as Id<'grant'>, activatedAt }
}

const extend = (actor: PersonActor, grantId: Id<'grant'>, changes: Partial<Submission> = {}) =>
  submitRequest(actor, aSubmission({ extends: grantId, ...changes }))
const codesOf = async (actorId: string) =>
  (await eventsWhere({ actorId, type: 'request.refused' })).map(({ data }) => (data as { code: string }).code)
const requestRow = (id: string) => db().request.findUniqueOrThrow({ where: { id } })

test('an extension names the access and since when it is held, and waits no longer than the access lasts', async () => {
  const mina = await anActor()
  const { id, activatedAt } = await heldBy(mina)
  const submitted = await extend(mina, id)
  expect(submitted.status).toBe('pending')
  const row = await requestRow(submitted.id)
  expect(row).toMatchObject({ extendsGrantId: id, heldSince: activatedAt })
  expect(row.lapsesAt).toEqual(new Date(activatedAt.getTime() + 1_800_000))
  const [event] = await eventsWhere({ requestId: submitted.id })
  expect(event?.data).toMatchObject({ extends: id, heldSince: activatedAt.toISOString() })
})

test('an approver reads how long the access lasts in total', async () => {
  const mina = await anActor()
  const { id, activatedAt } = await heldBy(mina)
  const submitted = await extend(mina, id, { durationSeconds: 3600 })
  const { extends: extension, can } = await getRequest(priya, submitted.id)
  expect(can.decide).toEqual({ may: true })
  expect(extension).toMatchObject({ grantId: id, heldSince: activatedAt.toISOString() })
  expect(extension?.total).toMatch(/^PT1H25M/)
})

test('an approved extension is a grant of its own, and does not change the old one', async () => {
  const mina = await anActor()
  const { id } = await heldBy(mina)
  const before = await db().grant.findUniqueOrThrow({ where: { id } })
  const submitted = await extend(mina, id)
  expect((await decide(priya, await requestRow(submitted.id))).status).toBe('approved')
  expect(await db().grant.findUniqueOrThrow({ where: { id } })).toEqual(before)
  expect((await getRequest(priya, submitted.id)).grant).toMatchObject({ status: 'pending', extends: id })
})

test('no one can extend access of someone else, and the answer does not say whether it exists', async () => {
  const { id } = await heldBy(await anActor())
  const stranger = await anActor()
  const theirs = await rejectionOf(extend(stranger, id))
  const none = await rejectionOf(extend(stranger, `grt_${'0'.repeat(26)}`))
  expect(theirs).toMatchObject({ code: 'guardrail-violation', message: none.message })
  expect(await codesOf(stranger.person.id)).toEqual(['extension-not-active', 'extension-not-active'])
})

test('access that has ended or expired cannot be extended', async () => {
  const mina = await anActor()
  const revoked = await heldBy(mina)
  await revokeGrant(priya, revoked.id, { reason: 'enough' })
  expect((await rejectionOf(extend(mina, revoked.id))).message).toContain('it was revoked')
  const expired = await heldBy(mina, 31)
  expect((await rejectionOf(extend(mina, expired.id))).message).toContain('it expired')
})

test('of two extensions of the same access at the same moment one is submitted, and the other is told why not', async () => {
  const mina = await anActor()
  const { id } = await heldBy(mina)
  const results = await Promise.allSettled([extend(mina, id), extend(mina, id)])
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(await codesOf(mina.person.id)).toEqual(['extension-not-active'])
  expect(await db().request.count({ where: { extendsGrantId: id } })).toBe(1)
})

test('an extension cannot be approved after someone has ended the access, which its approvers read, and can still be denied', async () => {
  for (const end of [
    (_: PersonActor, id: string) => revokeGrant(priya, id, { reason: 'enough' }),
    (holder: PersonActor, id: string) => releaseGrant(holder, id),
  ]) {
    const mina = await anActor()
    const { id } = await heldBy(mina)
    const request = await requestRow((await extend(mina, id)).id)
    expect((await getRequest(priya, request.id)).extends?.void).toBe(null)
    await end(mina, id)
    expect((await getRequest(priya, request.id)).extends?.void).toMatch(
      /^The access that it extends was (revoked|released)\./,
    )
    await expectDecisionRefused(priya, request, 'guardrail-violation', 'extension-not-active')
    expect((await decide(priya, request, { decision: 'deny' })).status).toBe('denied')
  }
})

test('a chain of extensions is bounded by the time since the first access began', async () => {
  const mina = await anActor()
  const first = await heldBy(mina, 100, { durationSeconds: 7200 })
  const second = await aRequest({
    ...{ requester: mina.person, status: 'approved', extendsGrantId: first.id, durationSeconds: 1800 },
    heldSince: first.activatedAt,
  })
  const { id } = await aGrant({ request: second, status: 'active' })
  const refusal = await rejectionOf(extend(mina, id as Id<'grant'>))
  expect(refusal.errors).toMatchObject([{ pointer: '/duration' }])
  expect(await codesOf(mina.person.id)).toEqual(['extension-total-too-long'])
  expect((await extend(mina, id as Id<'grant'>, { durationSeconds: 900 })).status).toBe('pending')
})

test('an extension of narrowed access keeps the narrowed rules', async () => {
  const mina = await anActor()
  const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] }]
  const { id } = await heldBy(mina, 25, { rules })
  expect((await previewRequest(mina, aSubmission({ extends: id }))).rules).toEqual(rules)
  const { id: requestId } = await extend(mina, id)
  expect((await requestRow(requestId)).rules).toEqual(rules)
  expect(await codesOf(mina.person.id)).toEqual([])
})

test('an extension of access that needs no approval is approved at once, within the same total', async () => {
  await offer(anEntitlementDocument({ approvals: [] }))
  const mina = await anActor()
  const { id } = await heldBy(mina)
  expect((await extend(mina, id)).status).toBe('approved')
  expect((await rejectionOf(extend(mina, id))).message).toContain('Another request already extends this access')
})

test('the database lets no request extend access of another person, nor change what it extends', async () => {
  const { id } = await heldBy(await anActor())
  const stranger = await anActor()
  const forged = aRequest({ requester: stranger.person, extendsGrantId: id, heldSince: new Date() })
  await expect(forged).rejects.toThrow(/only extend access of its requester/)
  const other = await aRequest({ requester: stranger.person })
  const change = db().request.update({ where: { id: other.id }, data: { extendsGrantId: id, heldSince: new Date() } })
  await expect(change).rejects.toThrow(/cannot be changed/)
})

test('access that extends another begins and the other one ends in one statement, and neither if the other one was revoked', async () => {
  const begin = async (end: (grantId: string) => Promise<unknown>) => {
    const mina = await anActor()
    const old = await heldBy(mina)
    const extension = { extendsGrantId: old.id, heldSince: old.activatedAt }
    const { id } = await aGrant({
      request: await aRequest({ requester: mina.person, status: 'approved', ...extension }),
    })
    await end(old.id)
    const at = new Date()
    const expiresAt = new Date(at.getTime() + 1_800_000)
    const set = { activatedAt: at, expiresAt, nextAttemptAt: expiresAt }
    const ending = { type: 'grant.ending', actor: aSystemActor(), data: { endedBy: 'superseded', note: null } } as const
    const superseded = { id: old.id, at, event: { ...ending, about: { grantId: old.id } } }
    const moved = moveGrant(db(), id, 'pending', 'active', [], set, [], superseded)
    const conflict = await moved.then(
      () => null,
      (error: { code: string }) => error.code,
    )
    const statusOf = async (grantId: string) => (await db().grant.findUniqueOrThrow({ where: { id: grantId } })).status
    const events = await eventsWhere({ grantId: old.id, type: 'grant.ending' })
    return { conflict, statuses: [await statusOf(old.id), await statusOf(id)], events: events.length }
  }
  expect(await begin(async () => {})).toEqual({ conflict: null, statuses: ['ending', 'active'], events: 1 })
  expect(await begin((grantId) => revokeGrant(priya, grantId, { reason: 'enough' }))).toEqual({
    ...{ conflict: 'conflict', statuses: ['ending', 'pending'] },
    events: 1,
  })
})
