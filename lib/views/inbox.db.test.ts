import { expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { testBench } from '#testing/bench'
import { anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { anActor, companyActors } from '#testing/people'
import { aDecision, aRequest } from '#testing/requests'
import { getRequest } from './get-request.ts'
import { inboxCount } from './inbox-count.ts'
import { listRequests } from './list-requests.ts'

const { offer } = await testBench()
const { priya, tomas } = await companyActors('priya', 'tomas')

const inboxOf = async (actor: PersonActor) =>
  (await listRequests(actor, { role: 'inbox', limit: 100 })).items.map(({ id }) => id)

test('the inbox lists the requests that this person can decide, oldest first, and the count agrees', async () => {
  const entitlement = anEntitlement({ name: 'cluster-view', clusterRole: 'view', approvals: [{ groups: ['sre'] }] })
  const old = await aRequest({ entitlement, createdAt: new Date(Date.now() - 60_000) })
  const young = await aRequest({ entitlement })
  expect(await inboxOf(tomas)).toEqual([old.id, young.id])
  expect(await inboxCount(tomas)).toBe(2)
  await aDecision(old, tomas.person)
  expect(await inboxOf(tomas)).toEqual([young.id])
  expect(await inboxCount(tomas)).toBe(1)
})

test('the inbox omits a person’s own requests, by subject and by verified e-mail in any case', async () => {
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

test('the inbox omits resolved requests, and expired ones that are not yet marked as lapsed', async () => {
  const expired = await aRequest({ lapsesAt: new Date(Date.now() - 1000) })
  const resolved = [await aRequest({ status: 'approved' }), await aRequest({ status: 'withdrawn' })]
  const inbox = await inboxOf(priya)
  for (const { id } of [...resolved, expired]) expect(inbox).not.toContain(id)
  expect((await getRequest(priya, expired.id)).can.decide.may).toBe(false)
})

test('the inbox omits requests that another group must now approve by the configuration', async () => {
  const request = await aRequest()
  await offer(anEntitlementDocument({ approvals: [{ groups: ['sre'] }] }))
  expect(await inboxOf(priya)).not.toContain(request.id)
  await offer(anEntitlementDocument())
  expect(await inboxOf(priya)).toContain(request.id)
})

test('a visible request is in the inbox exactly if this person can decide it', async () => {
  const actor = await anActor({ groups: ['payments-leads', 'sre', 'payments-dev'] })
  const theirs = await aRequest({ requester: actor.person })
  const expired = await aRequest({ lapsesAt: new Date(Date.now() - 1000) })
  const decidable = await aRequest()
  const inbox = await inboxOf(actor)
  const { items } = await listRequests(actor, { role: 'all', limit: 100 })
  const shown = items.map(({ id, can }) => [id, can.decide.may] as const)
  for (const [id, may] of shown) expect(may, id).toBe(inbox.includes(id))
  expect(shown).toEqual(
    expect.arrayContaining([
      [theirs.id, false],
      [expired.id, false],
      [decidable.id, true],
    ]),
  )
})
