import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { Request } from '#lib/adapters/db/generated/client'
import type { PersonActor } from '#lib/core/access/actor'
import type { DecisionInput } from '#lib/core/access/request'
import { anEntitlement } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { anActor, aPerson, asActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aClusterState, aRequest } from '#testing/requests'
import { decideRequest } from './decide-request.ts'
import { withdrawRequest } from './withdraw-request.ts'

const database = await testDatabase()
const policy = await testPolicy()
let priya: PersonActor
let sam: PersonActor
beforeAll(async () => {
  priya = await anActor({ name: 'Priya Raman', groups: ['payments-leads'] })
  sam = await anActor({ name: 'Sam Duarte', groups: ['payments-leads'] })
})
beforeEach(() => aClusterState())
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const decide = (actor: PersonActor, { id, digest }: Request, input: Partial<DecisionInput> = {}) =>
  decideRequest(actor, id, { decision: 'approve', digest, ...input })
const rowOf = ({ id }: Request) =>
  db().request.findUniqueOrThrow({ where: { id }, include: { decisions: true, grant: true } })

describe('two at once', () => {
  const outcomes = (calls: Array<Promise<unknown>>) => Promise.allSettled(calls)

  test('two approvers: one approves, the other hears who was faster; one grant', async () => {
    for (let round = 0; round < 10; round++) {
      const request = await aRequest()
      const results = await outcomes([decide(priya, request), decide(sam, request)])
      const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
      expect(lost).toMatchObject([{ code: 'conflict' }])
      expect(lost[0].message).toMatch(/^This request was already approved by (Priya Raman|Sam Duarte) at 20\d\d-/)
      const row = await rowOf(request)
      expect(row.decisions).toHaveLength(1)
      expect(row.grant).not.toBeNull()
    }
  })

  test('approve against deny: one outcome, and the grant exists only with the approval', async () => {
    for (let round = 0; round < 10; round++) {
      const request = await aRequest()
      await outcomes([decide(priya, request), decide(sam, request, { decision: 'deny' })])
      const row = await rowOf(request)
      expect(row.decisions).toHaveLength(1)
      expect(row.status).toBe(row.decisions[0]?.decision === 'approve' ? 'approved' : 'denied')
      expect(row.grant !== null).toBe(row.status === 'approved')
    }
  })

  test('withdraw against approve: one outcome, and a withdrawn request has no grant', async () => {
    for (let round = 0; round < 10; round++) {
      const requester = await aPerson()
      const request = await aRequest({ requester })
      const results = await outcomes([withdrawRequest(asActor(requester), request.id), decide(priya, request)])
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const row = await rowOf(request)
      expect(row.grant !== null).toBe(row.status === 'approved')
      expect(['approved', 'withdrawn']).toContain(row.status)
    }
  })

  test('the two last approvals of two steps: both count, one grant', async () => {
    const entitlement = anEntitlement({ approvals: [{ groups: ['payments-leads'], count: 2 }] })
    for (let round = 0; round < 10; round++) {
      const request = await aRequest({ entitlement })
      const results = await outcomes([decide(priya, request), decide(sam, request)])
      expect(results.every(({ status }) => status === 'fulfilled')).toBe(true)
      expect((await rowOf(request)).status).toBe('approved')
      expect(await db().grant.count({ where: { requestId: request.id } })).toBe(1)
    }
  })

  test('the same person twice: one decision', async () => {
    const entitlement = anEntitlement({ approvals: [{ groups: ['payments-leads'], count: 2 }] })
    const request = await aRequest({ entitlement })
    const results = await outcomes([decide(priya, request), decide(priya, request)])
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await rowOf(request)).decisions).toHaveLength(1)
  })
})
