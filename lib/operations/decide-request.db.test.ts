import { describe, expect, test } from 'vitest'
import { newId } from '#lib/adapters/db/ids'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlement } from '#testing/configuration'
import { decide, expectDecisionRefused, requestRow } from '#testing/decisions'
import { eventTypesWhere } from '#testing/events'
import { anActor, aPerson, asActor, companyActors, isNowIn } from '#testing/people'
import { expectSameRejection, rejectionOf } from '#testing/rejection'
import { aDecision, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'

const { policy } = await testBench()
const { priya, sam, tomas, ines } = await companyActors('priya', 'sam', 'tomas', 'ines')
const twoApprovals = anEntitlement({ approvals: [{ groups: ['payments-leads'], count: 2 }] })
const twoSteps = anEntitlement({
  name: 'payments-secrets',
  approvals: [{ groups: ['payments-leads'] }, { groups: ['sre'] }],
})

describe('an approval', () => {
  test('the last required approval approves the request, and commits its grant and its events', async () => {
    const request = await aRequest()
    const { digest } = request
    expect(await decide(priya, request, { note: 'go ahead' })).toEqual({ status: 'approved', digest })
    const { status, decisions, grant } = await requestRow(request)
    expect(status).toBe('approved')
    expect(decisions).toMatchObject([{ decision: 'approve', note: 'go ahead', digest, result: digest, narrowed: null }])
    expect(grant).toMatchObject({ status: 'pending', durationSeconds: request.durationSeconds, cluster: 'prod-eu' })
    const types = ['decision.made', 'request.approved', 'grant.intent-recorded']
    expect(await eventTypesWhere({ requestId: request.id })).toEqual(types)
  })

  test('an approval needs at most six statements, not counting begin and commit', async () => {
    const request = await aRequest()
    await decide(priya, await aRequest())
    const statements = await statementsOf(() => decide(priya, request))
    const inside = statements.filter((sql) => !/^(BEGIN|COMMIT|SET)/i.test(sql))
    expect(inside.length, statements.join('\n')).toBeLessThanOrEqual(6)
  })

  test('a request stays pending until every step is approved', async () => {
    const request = await aRequest({ entitlement: twoSteps, ticket: 'PAY-1' })
    expect((await decide(priya, request)).status).toBe('pending')
    expect((await requestRow(request)).grant).toBeNull()
    expect((await decide(tomas, request)).status).toBe('approved')
    expect((await requestRow(request)).grant).not.toBeNull()
  })

  test('one person in the groups of both steps fills only one of them', async () => {
    const request = await aRequest({ entitlement: twoSteps, ticket: 'PAY-1' })
    const both = await anActor({ groups: ['payments-leads', 'sre'] })
    expect((await decide(both, request)).status).toBe('pending')
    await expectDecisionRefused(both, request, 'conflict', 'already-decided')
  })

  test('an approval stops counting once its approver has left the group', async () => {
    const request = await aRequest({ entitlement: twoApprovals })
    const leaver = await aPerson({ groups: ['payments-leads'] })
    await aDecision(request, leaver)
    await isNowIn(leaver, [])
    expect((await decide(priya, request)).status).toBe('pending')
    expect((await decide(sam, request)).status).toBe('approved')
  })

  test('a grant is due at once if the requested start has passed, and otherwise at that start', async () => {
    const past = await aRequest({ startsAt: new Date(Date.now() - 3_600_000) })
    const future = await aRequest({ startsAt: new Date(Date.now() + 3_600_000) })
    await decide(priya, past)
    await decide(priya, future)
    expect((await requestRow(past)).grant?.nextAttemptAt?.getTime()).toBeGreaterThan(Date.now() - 60_000)
    expect((await requestRow(future)).grant?.nextAttemptAt).toEqual(future.startsAt)
  })
})

test('one denial denies a request, whatever approvals came before', async () => {
  const request = await aRequest({ entitlement: twoApprovals })
  await decide(priya, request)
  expect(await decide(sam, request, { decision: 'deny', note: 'not today' })).toMatchObject({ status: 'denied' })
  expect((await requestRow(request)).grant).toBeNull()
  const types = ['decision.made', 'decision.made', 'request.denied']
  expect(await eventTypesWhere({ requestId: request.id })).toEqual(types)
})

describe('no one decides their own request', () => {
  test.each([
    ['an approver', []],
    ['an approver and an admin', ['admin' as const]],
  ])('a requester who is %s cannot decide their own request', async (_, roles) => {
    const requester = await aPerson({ groups: ['payments-dev', 'payments-leads'] })
    const request = await aRequest({ requester })
    await expectDecisionRefused(asActor(requester, roles), request, 'forbidden', 'own-request')
  })

  test('a second account with the same verified e-mail in another case cannot decide the request', async () => {
    const requester = await aPerson({ email: 'Mina.Okafor@example.com' })
    const second = await anActor({ email: 'mina.okafor@EXAMPLE.com', groups: ['payments-leads'] })
    await expectDecisionRefused(second, await aRequest({ requester }), 'forbidden', 'own-request')
  })

  test('without a verified e-mail on both sides a decision is refused, unless the provider has one subject per person', async () => {
    const shared = { email: 'shared@example.com', emailVerified: false }
    const byUnverified = await aRequest()
    const ofUnverified = await aRequest({ requester: await aPerson(shared) })
    const unverified = await anActor({ ...shared, groups: ['payments-leads'] })
    await expectDecisionRefused(unverified, byUnverified, 'forbidden', 'unverified')
    await expectDecisionRefused(priya, ofUnverified, 'forbidden', 'unverified')
    const { identity } = aConfiguration()
    await policy.change(aConfiguration({ identity: { ...identity, oneSubjectPerPerson: true } }))
    expect((await decide(unverified, byUnverified)).status).toBe('approved')
    expect((await decide(unverified, ofUnverified)).status, 'the shared e-mail no longer matters').toBe('approved')
  })

  test('two accounts with one verified e-mail count as one approver', async () => {
    const request = await aRequest({ entitlement: twoApprovals })
    const lead = { email: 'double@example.com', groups: ['payments-leads'] }
    await decide(await anActor(lead), request)
    await expectDecisionRefused(await anActor(lead), request, 'conflict', 'already-decided')
  })
})

describe('who may not decide', () => {
  test('to another team a request reads as if it did not exist, and their attempt is recorded', async () => {
    const request = await aRequest()
    const outsider = await anActor({ groups: ['search-leads'] })
    const rejection = await expectSameRejection(
      () => decide(outsider, request),
      () => decide(outsider, { ...request, id: newId('request') }),
    )
    expect(rejection.code).toBe('not-found')
    expect(await eventTypesWhere({ requestId: request.id })).toEqual(['decision.refused'])
  })

  test('an auditor, who may read a request, is refused as someone who may not decide it', async () => {
    await expectDecisionRefused(ines, await aRequest(), 'forbidden', 'not-an-approver')
  })

  test('a person who lost the group cannot decide, even while their row still lists it', async () => {
    const former = await anActor({ groups: ['payments-leads'] })
    former.person.groups = []
    expect(await rejectionOf(decide(former, await aRequest()))).toMatchObject({ code: 'not-found' })
  })

  test('an id of another shape is not found', async () => {
    for (const id of ['', 'req_x', '\0', "req_' OR 1=1", 'grt_01m84sqapfffhsd8esctezq3wc'])
      expect(await rejectionOf(decide(priya, { id, digest: '' }, { decision: 'deny' }))).toMatchObject({
        code: 'not-found',
      })
  })
})
