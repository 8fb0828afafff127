import { describe, expect, test } from 'vitest'
import { newId } from '#lib/adapters/db/ids'
import type { PersonActor } from '#lib/core/access/actor'
import { pageOf } from '#lib/core/access/page'
import { requestResource, requestSummary } from '#lib/core/access/request-resource'
import { testBench } from '#testing/bench'
import { anEntitlement } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { allPages } from '#testing/pages'
import { anActor, aPerson, asActor, companyActors, isNowIn } from '#testing/people'
import { expectSameRejection, rejectionOf } from '#testing/rejection'
import { aDecision, aGrant, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { getRequest } from './get-request.ts'
import { home } from './home.ts'
import { listRequests } from './list-requests.ts'

await testBench()
const { mina, jonas, priya, ines, ola } = await companyActors('mina', 'jonas', 'priya', 'ines', 'ola')

const idsOf = async (page: Promise<{ items: Array<{ id: string }> }>) => (await page).items.map(({ id }) => id)
const inboxOf = (actor: PersonActor) => idsOf(listRequests(actor, { role: 'inbox', limit: 100 }))
const allOf = (actor: PersonActor) => idsOf(listRequests(actor, { role: 'all', limit: 100 }))

describe('who may see a request', () => {
  test('its requester, approvers, former deciders, auditors and admins see a request; to all others it does not exist', async () => {
    const request = await aRequest({ requester: mina.person })
    const former = await aPerson({ groups: ['payments-leads'] })
    await aDecision(request, former)
    former.groups = []
    for (const actor of [mina, priya, ines, ola, asActor(former)]) {
      expect((await getRequest(actor, request.id)).id).toBe(request.id)
      expect(await allOf(actor)).toContain(request.id)
    }
    const stranger = await anActor({ groups: ['payments-dev', 'search-leads'] })
    for (const actor of [jonas, stranger]) {
      const get = (id: string) => () => getRequest(actor, id)
      expect((await expectSameRejection(get(request.id), get(newId('request')))).code).toBe('not-found')
      expect(await allOf(actor)).not.toContain(request.id)
    }
  })

  test('an approver who lost the group no longer sees a request', async () => {
    const request = await aRequest()
    const former = asActor({ ...priya.person, groups: [] })
    expect(await rejectionOf(getRequest(former, request.id))).toMatchObject({ code: 'not-found' })
    expect(await inboxOf(former)).toEqual([])
  })

  test('a person without groups sees their own requests only', async () => {
    const actor = await anActor({ groups: [] })
    const own = await aRequest({ requester: actor.person })
    expect(await allOf(actor)).toEqual([own.id])
  })

  test.each(['', 'req_', '\0', '../etc', `req_${'a'.repeat(500)}`])('an id like %j is not found', async (id) => {
    expect(await rejectionOf(getRequest(ines, id))).toMatchObject({ code: 'not-found' })
  })
})

describe('one request', () => {
  test('a request has the published shape, in full and as a summary', async () => {
    const request = await aRequest({ requester: mina.person, namespaces: ['checkout', 'payments'] })
    const narrow = { namespaces: ['payments'], durationSeconds: 600 }
    await decide(priya, request, { narrow, note: 'ten minutes' })
    const whole = await getRequest(mina, request.id)
    expect(requestResource.parse(whole)).toEqual(whole)
    expect(whole).toMatchObject({
      status: 'approved',
      duration: 'PT10M',
      namespaces: ['payments'],
      submittedTerms: { namespaces: ['checkout', 'payments'], duration: 'PT30M', digest: request.digest },
      decisions: [{ person: { name: 'Priya Raman' }, decision: 'approve', note: 'ten minutes', narrowed: true }],
      steps: [{ groups: ['payments-leads'], approvedBy: [{ name: 'Priya Raman' }], eligible: [] }],
      grant: { status: 'pending', duration: 'PT10M', holder: { name: 'Mina Okafor' } },
    })
    const page = await listRequests(mina, { role: 'mine' })
    expect(pageOf(requestSummary).parse(page)).toEqual(page)
  })

  test('the eligible approvers exclude the requester, a second account of theirs, and everyone who has approved', async () => {
    const email = 'requester.of.many@example.com'
    const groups = ['tiny-leads']
    const requester = await aPerson({ email, groups })
    await aPerson({ email: email.toUpperCase(), groups })
    const [one, two] = [await aPerson({ groups, name: 'One' }), await aPerson({ groups, name: 'Two' })]
    const steps = [{ groups, count: 2 }]
    const request = await aRequest({ requester, steps, entitlement: anEntitlement({ name: 'gone-since' }) })
    await aDecision(request, one)
    const [step] = (await getRequest(asActor(two), request.id)).steps
    expect(step).toEqual({
      groups,
      count: 2,
      approvedBy: [{ id: one.id, name: 'One', email: one.email }],
      eligible: [
        {
          id: two.id,
          name: 'Two',
          email: two.email,
          isOnCall: false,
          usualTime: null,
          awayUntil: null,
          quietUntil: null,
          notifiedInstead: null,
        },
      ],
      quietUntil: null,
      ...{ onCall: [], unavailable: [], unknown: [] },
      escalations: [],
    })
  })

  test('how long an approver usually takes is shown from five decisions on, as the one in the middle', async () => {
    const groups = ['slow-leads']
    const steps = [{ groups, count: 1 }]
    const [slow, requester] = [await aPerson({ groups }), await aPerson()]
    const open = await aRequest({ requester, steps, entitlement: anEntitlement({ name: 'gone-since' }) })
    const usual = async () => (await getRequest(asActor(slow), open.id)).steps[0]?.eligible[0]?.usualTime
    for (const minutes of [1, 2, 10, 60]) {
      const createdAt = new Date(Date.now() - minutes * 60_000)
      await aDecision(await aRequest({ requester, steps, createdAt }), slow)
    }
    expect(await usual()).toBeNull()
    await aDecision(await aRequest({ requester, steps, createdAt: new Date(Date.now() - 7_200_000) }), slow)
    expect(await usual()).toMatch(/^PT1[0-9]M/)
  })

  test('a step names at most twenty eligible approvers', async () => {
    const groups = ['crowd']
    await Promise.all(Array.from({ length: 25 }, () => aPerson({ groups })))
    const request = await aRequest({
      steps: [{ groups, count: 1 }],
      entitlement: anEntitlement({ name: 'gone-since' }),
    })
    expect((await getRequest(ines, request.id)).steps[0]?.eligible).toHaveLength(20)
  })

  test('an approved step keeps its approver after they have left the group', async () => {
    const leaver = await anActor({ groups: ['payments-leads'], name: 'Leaver' })
    const request = await aRequest()
    await decide(leaver, request)
    await isNowIn(leaver.person, [])
    expect((await getRequest(ines, request.id)).steps[0]?.approvedBy).toMatchObject([{ name: 'Leaver' }])
  })

  test('a decided request shows the risk at its submission, whatever has changed in the cluster', async () => {
    const riskWith = async (overrides: Parameters<typeof aRequest>[0]) =>
      (await getRequest(mina, (await aRequest({ requester: mina.person, ...overrides })).id)).risk
    const [finding] = (await riskWith({})).findings
    if (!finding) throw new Error('the request of this test has no risk')
    const recorded = { severity: 'high', because: ['service account payments/api may also get secrets'] }
    const facts = { risks: [{ id: finding.id, ...recorded }] }
    expect(await riskWith({ facts })).toMatchObject({ severity: finding.severity, findings: [finding] })
    const decided = await riskWith({ facts, status: 'approved' })
    expect(decided).toMatchObject({ severity: 'high', findings: [{ ...finding, ...recorded }] })
  })

  test('a request tells each reader what they may do with it', async () => {
    const request = await aRequest({ requester: mina.person, status: 'approved' })
    await aGrant({ request, status: 'active' })
    const can = async (actor: PersonActor) => {
      const { withdraw, revoke, release, issueCredential, decide } = (await getRequest(actor, request.id)).can
      return [decide, withdraw, revoke, release, issueCredential].map(({ may }) => may)
    }
    expect(await can(mina)).toEqual([false, false, false, true, true])
    expect(await can(priya)).toEqual([false, false, true, false, false])
    expect(await can(ola)).toEqual([false, false, true, false, false])
    expect(await can(ines)).toEqual([false, false, false, false, false])
  })
})

describe('lists', () => {
  test('the pages of a list contain every request once, newest first, while requests are added', async () => {
    const actor = await anActor()
    const ids: string[] = []
    for (let i = 0; i < 7; i++) ids.push((await aRequest({ requester: actor.person })).id)
    const listed = await allPages(async (cursor) => {
      const page = await listRequests(actor, { role: 'mine', limit: 3, cursor })
      await aRequest({ requester: actor.person })
      return page
    })
    expect(listed.map(({ id }) => id)).toEqual(ids.sort().reverse())
  })

  test('a list can be limited to one status', async () => {
    const actor = await anActor()
    await aRequest({ requester: actor.person })
    const denied = await aRequest({ requester: actor.person, status: 'denied' })
    expect(await idsOf(listRequests(actor, { role: 'all', status: 'denied' }))).toEqual([denied.id])
    expect(await idsOf(listRequests(actor, { role: 'inbox', status: 'denied' }))).toEqual([])
  })

  test.each(['x', '', 'grt_01m84sqapfffhsd8esctezq3wc', "' OR 1=1 --", '\0'])(
    'a cursor that no page returned is refused: %j',
    async (cursor) => {
      const error = await rejectionOf(listRequests(mina, { role: 'all', cursor }))
      expect(error).toMatchObject({ code: 'malformed', errors: [{ pointer: 'cursor' }] })
    },
  )

  test('a list of fifty requests needs as many statements as a list of one', async () => {
    const actor = await anActor()
    const before = await aRequest({ requester: actor.person })
    await aDecision(before, priya.person)
    const one = await statementsOf(() => listRequests(actor, { role: 'mine' }))
    for (let i = 0; i < 49; i++) await aRequest({ requester: actor.person })
    const fifty = await statementsOf(() => listRequests(actor, { role: 'mine' }))
    expect(fifty.length).toBe(one.length)
    expect(fifty.length).toBeLessThanOrEqual(10)
  })
})

test('the home page separates open requests and grants from finished ones', async () => {
  const actor = await anActor()
  const requester = actor.person
  const pending = await aRequest({ requester })
  const active = await aRequest({ requester, status: 'approved' })
  await aGrant({ request: active, status: 'active' })
  const ending = await aRequest({ requester, status: 'approved' })
  await aGrant({ request: ending, status: 'ending' })
  const ended = await aRequest({ requester, status: 'approved' })
  await aGrant({ request: ended, status: 'ended' })
  const denied = await aRequest({ requester, status: 'denied' })
  const { now, before } = await home(actor, { now: 50, before: 20 })
  expect(now.items.map(({ id }) => id)).toEqual([active.id, ending.id, pending.id])
  expect(before.items.map(({ id }) => id)).toEqual([denied.id, ended.id].sort().reverse())
  const nothing = { items: [], total: 0 }
  expect(await home(await anActor(), { now: 50, before: 20 })).toEqual({ now: nothing, before: nothing })
})

test('a list of own requests that is not shown whole says how long it is, and begins with live access', async () => {
  const actor = await anActor()
  const requester = actor.person
  const held = await aRequest({ requester, status: 'approved' })
  await aGrant({ request: held, status: 'active' })
  const waiting = [await aRequest({ requester }), await aRequest({ requester })]
  for (let i = 0; i < 3; i++) await aRequest({ requester, status: 'denied' })
  const { now, before } = await home(actor, { now: 2, before: 1 })
  expect(now.items.map(({ id }) => id)).toEqual([held.id, waiting[1]?.id])
  expect([now.total, before.items.length, before.total]).toEqual([3, 1, 3])
})
