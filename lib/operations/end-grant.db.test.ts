import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { GrantStatus } from '#lib/core/access/status'
import { lapseRequest } from '#lib/worker/lapse-request'
import { atOnce } from '#testing/at-once'
import { testBench } from '#testing/bench'
import { eventTypesWhere } from '#testing/events'
import { aPerson, aSystemActor, asActor, companyActors } from '#testing/people'
import { expectSameRejection, rejectionOf } from '#testing/rejection'
import { aDecision, aGrant, aRequest } from '#testing/requests'
import { releaseGrant } from './release-grant.ts'
import { revokeGrant } from './revoke-grant.ts'
import { withdrawRequest } from './withdraw-request.ts'

const { database } = await testBench()
const { mina, jonas, priya, ines, ola } = await companyActors('mina', 'jonas', 'priya', 'ines', 'ola')
const reason = 'the incident is over'
const minasGrant = (status: GrantStatus = 'active') => aGrant({ holder: mina.person, status })

describe('revoking', () => {
  test.each(['pending', 'active'] as const)(
    'an approver revokes a grant that is %s, and it is due at once',
    async (status) => {
      const { id } = await minasGrant(status)
      expect(await revokeGrant(priya, id, { reason })).toEqual({ status: 'ending' })
      const row = await db().grant.findUniqueOrThrow({ where: { id } })
      expect(row).toMatchObject({
        ...{ status: 'ending', endedBy: 'revocation', endedByName: 'Priya Raman', endNote: reason },
      })
      expect(row.nextAttemptAt?.getTime()).toBeLessThanOrEqual(Date.now() + 1000)
      expect(await eventTypesWhere({ grantId: id })).toEqual(['grant.ending'])
    },
  )

  test('an admin revokes any grant', async () => {
    const { id } = await minasGrant()
    expect(await revokeGrant(ola, id, { reason })).toEqual({ status: 'ending' })
  })

  test('an auditor, the holder and a former approver cannot revoke a grant, and each attempt is recorded', async () => {
    const { id, requestId } = await minasGrant()
    const former = await aPerson({ groups: ['payments-leads'] })
    await aDecision(await db().request.findUniqueOrThrow({ where: { id: requestId } }), former)
    former.groups = []
    for (const actor of [ines, mina, asActor(former)])
      expect(await rejectionOf(revokeGrant(actor, id, { reason }))).toMatchObject({ code: 'forbidden' })
    expect(await eventTypesWhere({ grantId: id })).toEqual(Array(3).fill('grant.revocation-refused'))
  })

  test('to everyone else a grant reads as if it did not exist', async () => {
    const { id } = await minasGrant()
    const revoke = (grantId: string) => () => revokeGrant(jonas, grantId, { reason })
    await expectSameRejection(revoke(id), revoke(newId('grant')))
  })

  test.each(['ending', 'ended'] as const)('a grant that is %s cannot be revoked', async (status) => {
    const { id } = await minasGrant(status)
    expect(await rejectionOf(revokeGrant(priya, id, { reason }))).toMatchObject({ code: 'conflict' })
  })

  test('a revocation and a release at once end a grant once, with one event', async () => {
    for (const isRevoked of [true, false]) {
      const { id } = await minasGrant()
      const calls = [() => revokeGrant(priya, id, { reason }), () => releaseGrant(mina, id)]
      const results = await atOnce(database, 'grants', id, isRevoked ? calls : calls.reverse())
      expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected' }])
      const { endedBy } = await db().grant.findUniqueOrThrow({ where: { id } })
      expect(endedBy).toBe(isRevoked ? 'revocation' : 'release')
      expect(await eventTypesWhere({ grantId: id, type: 'grant.ending' })).toHaveLength(1)
    }
  })
})

describe('releasing', () => {
  test('the holder releases a grant', async () => {
    const { id } = await minasGrant()
    expect(await releaseGrant(mina, id)).toEqual({ status: 'ending' })
    expect(await db().grant.findUniqueOrThrow({ where: { id } })).toMatchObject({ endedBy: 'release' })
  })

  test('no one but the holder releases a grant, not even an approver', async () => {
    const { id } = await minasGrant()
    expect(await rejectionOf(releaseGrant(priya, id))).toMatchObject({ code: 'forbidden' })
  })
})

describe('withdrawing', () => {
  test('the requester withdraws a pending request', async () => {
    const { id } = await aRequest({ requester: mina.person })
    expect(await withdrawRequest(mina, id)).toEqual({ status: 'withdrawn' })
    expect(await eventTypesWhere({ requestId: id })).toEqual(['request.withdrawn'])
  })

  test('an approver cannot withdraw a request, and to another team it does not exist', async () => {
    const { id } = await aRequest()
    expect(await rejectionOf(withdrawRequest(priya, id))).toMatchObject({ code: 'forbidden' })
    expect(await rejectionOf(withdrawRequest(jonas, id))).toMatchObject({ code: 'not-found' })
    expect(await eventTypesWhere({ requestId: id })).toEqual(Array(2).fill('request.withdrawal-refused'))
  })

  test.each(['approved', 'denied', 'withdrawn', 'lapsed'] as const)(
    'a request that is %s cannot be withdrawn',
    async (status) => {
      const { id } = await aRequest({ requester: mina.person, status })
      expect(await rejectionOf(withdrawRequest(mina, id))).toMatchObject({ code: 'conflict' })
    },
  )
})

describe('lapsing', () => {
  const lapsesAt = new Date(Date.now() - 1000)

  test('a request that was not decided in time lapses once', async () => {
    const { id } = await aRequest({ lapsesAt })
    const results = await Promise.all([lapseRequest(aSystemActor(), id), lapseRequest(aSystemActor(), id)])
    expect(results.sort()).toEqual([false, true])
    expect(await db().request.findUniqueOrThrow({ where: { id } })).toMatchObject({ status: 'lapsed' })
    expect(await eventTypesWhere({ requestId: id })).toEqual(['request.lapsed'])
  })

  test('a request does not lapse before its expiry or after its decision', async () => {
    for (const { id } of [await aRequest(), await aRequest({ status: 'denied', lapsesAt })])
      expect(await lapseRequest(aSystemActor(), id)).toBe(false)
  })
})
