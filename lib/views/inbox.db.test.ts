import { expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { inboxFilterIn } from '#lib/core/approvals/inbox-filter'
import { testBench } from '#testing/bench'
import { anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { anActor, companyActors } from '#testing/people'
import { aDecision, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { getRequest } from './get-request.ts'
import { inbox } from './inbox.ts'
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

test('the page of the inbox lists exactly what the API lists, in one statement, and leaves nothing out', async () => {
  const lead = await anActor({ groups: ['payments-leads'] })
  const before = await inbox(lead, inboxFilterIn({}), 1000, null)
  for (let i = 0; i < 100; i++) await aRequest({ lapsesAt: new Date(Date.now() + 86_400_000 + i) })
  const filter = inboxFilterIn({ sort: 'oldest' })
  const { items, matching, read, waiting } = await inbox(lead, filter, 1000, null)
  expect([matching, read, waiting]).toEqual(Array(3).fill(before.waiting + 100))
  const first = await listRequests(lead, { role: 'inbox', limit: 100 })
  const second = await listRequests(lead, { role: 'inbox', limit: 100, cursor: first.nextCursor ?? '' })
  expect(items.map(({ id }) => id)).toEqual([...first.items, ...second.items].map(({ id }) => id))
  expect(await statementsOf(() => inbox(lead, filter, 50, null))).toHaveLength(1)
  const shown = await inbox(lead, filter, 50, null)
  expect([shown.items.length, shown.matching]).toEqual([50, waiting])
})

test('a filter narrows the inbox by what its rows show, and offers only what occurs', async () => {
  const lead = await anActor({ groups: ['payments-leads'] })
  const secrets = [{ apiGroups: [''], resources: ['secrets'], verbs: ['*'] }]
  const request = await aRequest({ rules: secrets, ticket: 'PAY-77', reason: 'rotate the password' })
  const { risk } = await getRequest(lead, request.id)
  const idsFor = async (params: Record<string, string>) =>
    (await inbox(lead, inboxFilterIn(params), 50, null)).items.map(({ id }) => id)
  expect(await idsFor({ q: 'pay-77 ROTATE', severity: risk.severity })).toEqual([request.id])
  expect(await idsFor({ q: 'pay-77', severity: 'low' })).toEqual([])
  const { choices } = await inbox(lead, inboxFilterIn({ q: 'pay-77' }), 50, null)
  expect(choices.severity.map(({ value }) => value)).toContain(risk.severity)
  expect(await idsFor({ sort: 'risk' })).toContain(request.id)
})

test('the open request stays in its place after it was decided, and when a filter leaves it out', async () => {
  const lead = await anActor({ groups: ['payments-leads'] })
  const [first, open, last] = [await aRequest(), await aRequest(), await aRequest()]
  await aDecision(open, lead.person)
  const filter = inboxFilterIn({ sort: 'oldest' })
  const { items } = await inbox(lead, filter, 1000, await getRequest(lead, open.id))
  const places = [first, open, last].map(({ id }) => items.findIndex((item) => item.id === id))
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(items.find(({ id }) => id === open.id)?.isWaiting).toBe(false)
  const none = await inbox(lead, inboxFilterIn({ q: 'no such words' }), 50, await getRequest(lead, last.id))
  expect(none.items.map(({ id, isWaiting }) => [id, isWaiting])).toEqual([[last.id, true]])
  expect(none.matching).toBe(0)
})
