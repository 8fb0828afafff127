import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { previewRequest } from '#lib/views/preview-request'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { lastEventData } from '#testing/events'
import { anActor, aPerson, asActor } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant, aRequest, aSubmission } from '#testing/requests'
import { decideRequest } from './decide-request.ts'
import { submitRequest } from './submit-request.ts'
import { withdrawRequest } from './withdraw-request.ts'

// No one's requests and grants may crowd out those of others.

const automatic = anEntitlementDocument({ name: 'automatic', approvals: [] })
const configuration = aConfiguration({
  limits: { openRequestsPerPerson: 3, liveGrantsPerPerson: 2, submissionsPerMinute: 1_000 },
  entitlements: [anEntitlementDocument(), automatic],
})
await testBench({ configuration })

const openOf = (requesterId: string) => db().request.count({ where: { requesterId, status: 'pending' } })
const liveOf = (requesterId: string) =>
  db().grant.count({ where: { request: { requesterId }, status: { not: 'ended' } } })

describe('open requests', () => {
  test('a request above the limit is refused with a sentence and recorded, until another one is resolved', async () => {
    const actor = await anActor()
    const { id } = await submitRequest(actor, aSubmission())
    for (let i = 0; i < 2; i++) await submitRequest(actor, aSubmission())
    const error = await rejectionOf(submitRequest(actor, aSubmission()))
    expect(error).toMatchObject({
      code: 'guardrail-violation',
      message: expect.stringContaining('You have 3 open requests'),
    })
    expect(await lastEventData({ type: 'request.refused', actorId: actor.person.id })).toMatchObject({
      code: 'open-requests-too-many',
    })
    expect((await previewRequest(actor, aSubmission())).verdict.violations).toMatchObject([
      { code: 'open-requests-too-many' },
    ])
    await withdrawRequest(actor, id)
    await submitRequest(actor, aSubmission())
    expect(await openOf(actor.person.id)).toBe(3)
  })

  test('of many submissions at the same moment no more than the limit are accepted', async () => {
    const actor = await anActor()
    await Promise.allSettled(Array.from({ length: 12 }, () => submitRequest(actor, aSubmission())))
    expect(await openOf(actor.person.id)).toBe(3)
  })

  test('another person’s open requests do not count', async () => {
    const [full, other] = [await anActor(), await anActor()]
    for (let i = 0; i < 3; i++) await submitRequest(full, aSubmission())
    expect((await submitRequest(other, aSubmission())).status).toBe('pending')
  })
})

describe('live grants', () => {
  const submit = (actor: Awaited<ReturnType<typeof anActor>>) =>
    submitRequest(actor, aSubmission({ entitlement: 'automatic' }))

  test('an automatic grant above the limit is refused, also of many at the same moment', async () => {
    const actor = await anActor()
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => submit(actor)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    expect(await liveOf(actor.person.id)).toBe(2)
    expect((await rejectionOf(submit(actor))).message).toContain('You have 2 grants that have not ended')
  })

  test.each(['pending', 'active', 'ending'] as const)('a grant that is %s counts', async (status) => {
    const actor = await anActor()
    for (let i = 0; i < 2; i++) await aGrant({ holder: actor.person, status })
    expect((await rejectionOf(submit(actor))).code).toBe('guardrail-violation')
  })

  test('a grant that has ended does not count', async () => {
    const actor = await anActor()
    for (let i = 0; i < 2; i++) await aGrant({ holder: actor.person, status: 'ended' })
    expect((await submit(actor)).status).toBe('approved')
  })

  test('an approval that would add one more is refused, also of several approvals at the same moment', async () => {
    const requester = await aPerson()
    await aGrant({ holder: requester, status: 'active' })
    const lead = asActor(await aPerson({ groups: ['payments-leads'] }))
    const requests = [await aRequest({ requester }), await aRequest({ requester }), await aRequest({ requester })]
    const results = await Promise.allSettled(
      requests.map(({ id, digest }) => decideRequest(lead, id, { decision: 'approve', digest })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await liveOf(requester.id)).toBe(2)
    const [left] = await db().request.findMany({ where: { requesterId: requester.id, status: 'pending' } })
    const denied = await decideRequest(lead, left?.id ?? '', { decision: 'deny', digest: left?.digest ?? '' })
    expect(denied.status).toBe('denied')
  })
})
