import { afterAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { GrantStatus } from '#lib/core/access/status'
import { lapseRequest } from '#lib/worker/lapse-request'
import { testDatabase } from '#testing/database'
import { anActor, aPerson, aSystemActor, asActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aDecision, aGrant, aRequest } from '#testing/requests'
import { releaseGrant } from './release-grant.ts'
import { revokeGrant } from './revoke-grant.ts'
import { withdrawRequest } from './withdraw-request.ts'

const database = await testDatabase()
const policy = await testPolicy()
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const reason = 'the incident is over'
const typesAbout = async (about: { grantId?: string; requestId?: string }) =>
  (await db().auditEvent.findMany({ where: about, orderBy: { seq: 'asc' } })).map(({ type }) => type)

async function aHeldGrant(status: GrantStatus = 'active') {
  const holder = await aPerson()
  const grant = await aGrant({ request: await aRequest({ requester: holder, status: 'approved' }), status })
  return { holder, grant }
}

describe('revoking', () => {
  test.each(['pending', 'active'] as const)(
    'an approver ends a grant that is %s, and the worker is told',
    async (status) => {
      const { grant } = await aHeldGrant(status)
      const priya = await anActor({ name: 'Priya Raman', groups: ['payments-leads'] })
      expect(await revokeGrant(priya, grant.id, { reason })).toEqual({ status: 'ending' })
      const row = await db().grant.findUniqueOrThrow({ where: { id: grant.id } })
      expect(row).toMatchObject({
        status: 'ending',
        endedBy: 'revocation',
        endedByName: 'Priya Raman',
        endNote: reason,
      })
      expect(row.nextAttemptAt?.getTime()).toBeLessThanOrEqual(Date.now() + 1000)
      expect(await typesAbout({ grantId: grant.id })).toEqual(['grant.ending'])
    },
  )

  test('an admin ends any grant', async () => {
    const { grant } = await aHeldGrant()
    const ola = await anActor({ groups: ['platform-admins'], roles: ['admin'] })
    expect(await revokeGrant(ola, grant.id, { reason })).toEqual({ status: 'ending' })
  })

  test('an auditor, its holder and somebody who once decided may not, and are told; the attempt is recorded', async () => {
    const { holder, grant } = await aHeldGrant()
    const former = await aPerson({ groups: ['payments-leads'] })
    const request = await db().request.findUniqueOrThrow({ where: { id: grant.requestId } })
    await aDecision(request, former)
    former.groups = []
    const ines = await anActor({ groups: ['security-audit'], roles: ['auditor'] })
    for (const actor of [ines, asActor(holder), asActor(former)])
      expect(await rejectionOf(revokeGrant(actor, grant.id, { reason }))).toMatchObject({ code: 'forbidden' })
    expect(await typesAbout({ grantId: grant.id })).toEqual(Array(3).fill('grant.revocation-refused'))
  })

  test('to anybody else the grant is not there', async () => {
    const { grant } = await aHeldGrant()
    const jonas = await anActor({ groups: ['search-dev'] })
    const refused = await rejectionOf(revokeGrant(jonas, grant.id, { reason }))
    const missing = await rejectionOf(revokeGrant(jonas, newId('grant'), { reason }))
    expect({ ...refused, message: refused.message }).toEqual({ ...missing, message: missing.message })
  })

  test.each(['ending', 'ended'] as const)('a grant that is %s is not ended again', async (status) => {
    const { grant } = await aHeldGrant(status)
    const priya = await anActor({ groups: ['payments-leads'] })
    expect(await rejectionOf(revokeGrant(priya, grant.id, { reason }))).toMatchObject({ code: 'conflict' })
  })

  test('revoke against release: one way in which it ended, one event', async () => {
    const priya = await anActor({ groups: ['payments-leads'] })
    for (let round = 0; round < 5; round++) {
      const { holder, grant } = await aHeldGrant()
      const calls = [revokeGrant(priya, grant.id, { reason }), releaseGrant(asActor(holder), grant.id)]
      const results = await Promise.allSettled(calls)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect((await typesAbout({ grantId: grant.id })).filter((type) => type === 'grant.ending')).toHaveLength(1)
    }
  })
})

describe('releasing', () => {
  test('the holder gives it back', async () => {
    const { holder, grant } = await aHeldGrant()
    expect(await releaseGrant(asActor(holder), grant.id)).toEqual({ status: 'ending' })
    expect(await db().grant.findUniqueOrThrow({ where: { id: grant.id } })).toMatchObject({ endedBy: 'release' })
  })

  test('nobody else does, an approver included', async () => {
    const { grant } = await aHeldGrant()
    const priya = await anActor({ groups: ['payments-leads'] })
    expect(await rejectionOf(releaseGrant(priya, grant.id))).toMatchObject({ code: 'forbidden' })
  })
})

describe('withdrawing', () => {
  test('the requester takes a pending request back', async () => {
    const requester = await aPerson()
    const { id } = await aRequest({ requester })
    expect(await withdrawRequest(asActor(requester), id)).toEqual({ status: 'withdrawn' })
    expect(await typesAbout({ requestId: id })).toEqual(['request.withdrawn'])
  })

  test('an approver may not, and is told; another team finds nothing', async () => {
    const { id } = await aRequest()
    const priya = await anActor({ groups: ['payments-leads'] })
    const jonas = await anActor({ groups: ['search-dev'] })
    expect(await rejectionOf(withdrawRequest(priya, id))).toMatchObject({ code: 'forbidden' })
    expect(await rejectionOf(withdrawRequest(jonas, id))).toMatchObject({ code: 'not-found' })
    expect(await typesAbout({ requestId: id })).toEqual(Array(2).fill('request.withdrawal-refused'))
  })

  test.each(['approved', 'denied', 'withdrawn', 'lapsed'] as const)('one that is %s stays that', async (status) => {
    const requester = await aPerson()
    const { id } = await aRequest({ requester, status })
    expect(await rejectionOf(withdrawRequest(asActor(requester), id))).toMatchObject({ code: 'conflict' })
  })
})

describe('lapsing', () => {
  test('a request that nobody decided in time lapses, once', async () => {
    const { id } = await aRequest({ lapsesAt: new Date(Date.now() - 1000) })
    const results = await Promise.all([lapseRequest(aSystemActor(), id), lapseRequest(aSystemActor(), id)])
    expect(results.sort()).toEqual([false, true])
    expect(await db().request.findUniqueOrThrow({ where: { id } })).toMatchObject({ status: 'lapsed' })
    expect(await typesAbout({ requestId: id })).toEqual(['request.lapsed'])
  })

  test('one whose time has not come, or that is decided, does not', async () => {
    const lapsesAt = new Date(Date.now() - 1000)
    for (const { id } of [await aRequest(), await aRequest({ status: 'denied', lapsesAt })])
      expect(await lapseRequest(aSystemActor(), id)).toBe(false)
  })
})
