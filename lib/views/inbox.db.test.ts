import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aClusterState, aDecision, aRequest } from '#testing/requests'
import { getRequest } from './get-request.ts'
import { inboxCount } from './inbox-count.ts'
import { listRequests } from './list-requests.ts'

const database = await testDatabase()
const policy = await testPolicy()
let priya: PersonActor
beforeAll(async () => {
  await aClusterState()
  priya = await anActor({ name: 'Priya Raman', groups: ['payments-leads'] })
})
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const idsOf = async (page: Promise<{ items: Array<{ id: string }> }>) => (await page).items.map(({ id }) => id)
const inboxOf = (actor: PersonActor) => idsOf(listRequests(actor, { role: 'inbox', limit: 100 }))

describe('the inbox', () => {
  test('holds what waits for this person, oldest first, and the count agrees', async () => {
    const tomas = await anActor({ groups: ['sre'] })
    const steps = [{ groups: ['sre'], count: 1 }]
    const entitlement = anEntitlement({ name: 'cluster-view', clusterRole: 'view', approvals: steps })
    const old = await aRequest({ entitlement, createdAt: new Date(Date.now() - 60_000) })
    const young = await aRequest({ entitlement })
    expect(await inboxOf(tomas)).toEqual([old.id, young.id])
    expect(await inboxCount(tomas)).toBe(2)
    await aDecision(old, tomas.person)
    expect(await inboxOf(tomas)).toEqual([young.id])
    expect(await inboxCount(tomas)).toBe(1)
  })

  test('does not hold own requests, by subject or by the same verified e-mail in another case', async () => {
    const lead = await anActor({ groups: ['payments-leads', 'payments-dev'], email: 'Lead.One@example.com' })
    const second = await anActor({ groups: ['payments-leads'], email: 'lead.one@EXAMPLE.com' })
    const request = await aRequest({ requester: lead.person })
    expect(await inboxOf(lead)).not.toContain(request.id)
    expect(await inboxOf(second)).not.toContain(request.id)
    const unverified = await anActor({ groups: ['payments-leads'], emailVerified: false })
    await aRequest({ requester: unverified.person })
    for (const actor of [lead, second, unverified, priya])
      expect(await inboxCount(actor)).toBe((await inboxOf(actor)).length)
    expect(await inboxOf(priya)).toContain(request.id)
    expect((await getRequest(second, request.id)).can.decide).toMatchObject({ may: false, why: /your own/ })
  })

  test('does not hold what is decided or past its time, though not marked yet', async () => {
    const over = [
      await aRequest({ status: 'approved' }),
      await aRequest({ status: 'withdrawn' }),
      await aRequest({ lapsesAt: new Date(Date.now() - 1000) }),
    ]
    const inbox = await inboxOf(priya)
    for (const { id } of over) expect(inbox).not.toContain(id)
    expect((await getRequest(priya, over[2]?.id ?? '')).can.decide.may).toBe(false)
  })

  test('does not hold what the configuration gives to another group now', async () => {
    const request = await aRequest()
    try {
      await policy.change(
        aConfiguration({ entitlements: [anEntitlementDocument({ approvals: [{ groups: ['sre'] }] })] }),
      )
      expect(await inboxOf(priya)).not.toContain(request.id)
    } finally {
      await policy.change(aConfiguration())
    }
    expect(await inboxOf(priya)).toContain(request.id)
  })

  test('what it holds may be decided, and what may not be decided it does not hold', async () => {
    const actor = await anActor({ groups: ['payments-leads', 'sre', 'payments-dev'] })
    const waiting = await aRequest()
    const others = [
      await aRequest({ requester: actor.person }),
      await aRequest({ status: 'denied' }),
      await aRequest({ lapsesAt: new Date(Date.now() - 1000) }),
    ]
    const { items } = await listRequests(actor, { role: 'all', limit: 100 })
    const mayDecide = items.filter(({ can }) => can.decide.may).map(({ id }) => id)
    expect(mayDecide).toContain(waiting.id)
    expect(mayDecide.sort()).toEqual((await inboxOf(actor)).sort())
    for (const { id } of others) {
      expect(items.map((item) => item.id)).toContain(id)
      expect(mayDecide).not.toContain(id)
    }
  })
})
