import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PersonActor } from '#lib/access/actor'
import type { DecisionInput } from '#lib/access/request'
import { digestOf } from '#lib/access/terms'
import { db } from '#lib/db/client'
import type { Request } from '#lib/db/generated/client'
import { decideRequest } from '#lib/operations/decide-request'
import { withdrawRequest } from '#lib/operations/withdraw-request'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#lib/testing/configuration'
import { testDatabase } from '#lib/testing/database'
import { anActor, aPerson, asActor } from '#lib/testing/people'
import { testPolicy } from '#lib/testing/policy'
import { rejectionOf } from '#lib/testing/rejection'
import { aClusterState, aDecision, aRequest } from '#lib/testing/requests'
import { statementsOf } from '#lib/testing/statements'

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
const eventsAbout = ({ id }: Request) => db().auditEvent.findMany({ where: { requestId: id }, orderBy: { seq: 'asc' } })
const typesAbout = async (request: Request) => (await eventsAbout(request)).map(({ type }) => type)

/** Refused with this code, recorded under `recorded`, and nothing else changed. */
async function expectRefused(request: Request, call: () => Promise<unknown>, code: string, recorded: string) {
  const before = await rowOf(request)
  expect(await rejectionOf(call())).toMatchObject({ code })
  expect(await rowOf(request)).toEqual(before)
  const refusals = (await eventsAbout(request)).filter(({ type }) => type === 'decision.refused')
  expect(refusals.at(-1)?.data).toMatchObject({ code: recorded })
}

describe('a yes', () => {
  test('that is the last needed approves, and writes the grant and the events with it', async () => {
    const request = await aRequest()
    expect(await decide(priya, request, { note: 'go ahead' })).toEqual({ status: 'approved', digest: request.digest })
    const row = await rowOf(request)
    expect(row.status).toBe('approved')
    expect(row.decisions).toMatchObject([
      { decision: 'approve', note: 'go ahead', digest: request.digest, result: request.digest, narrowed: null },
    ])
    expect(row.grant).toMatchObject({ status: 'pending', durationSeconds: request.durationSeconds, cluster: 'prod-eu' })
    expect(await typesAbout(request)).toEqual(['decision.made', 'request.approved'])
  })

  test('needs at most six statements besides begin and commit', async () => {
    const request = await aRequest()
    await decide(priya, await aRequest())
    const statements = await statementsOf(() => decide(priya, request))
    const inside = statements.filter((sql) => !/^(BEGIN|COMMIT|SET)/i.test(sql))
    expect(inside.length, statements.join('\n')).toBeLessThanOrEqual(6)
  })

  test('of one step leaves the request open until every step has one', async () => {
    const entitlement = anEntitlement({
      name: 'payments-secrets',
      approvals: [{ groups: ['payments-leads'] }, { groups: ['sre'] }],
    })
    const request = await aRequest({ entitlement, ticket: 'PAY-1' })
    expect((await decide(priya, request)).status).toBe('pending')
    expect((await rowOf(request)).grant).toBeNull()
    const tomas = await anActor({ groups: ['sre'] })
    expect((await decide(tomas, request)).status).toBe('approved')
    expect((await rowOf(request)).grant).not.toBeNull()
  })

  test('of one person in both groups does not fill both steps', async () => {
    const entitlement = anEntitlement({
      name: 'payments-secrets',
      approvals: [{ groups: ['payments-leads'] }, { groups: ['sre'] }],
    })
    const request = await aRequest({ entitlement, ticket: 'PAY-1' })
    const both = await anActor({ groups: ['payments-leads', 'sre'] })
    expect((await decide(both, request)).status).toBe('pending')
    await expectRefused(request, () => decide(both, request), 'conflict', 'already-decided')
  })

  test('counts no more once its approver has left the group', async () => {
    const entitlement = anEntitlement({ approvals: [{ groups: ['payments-leads'], count: 2 }] })
    const request = await aRequest({ entitlement })
    const leaver = await aPerson({ groups: ['payments-leads'] })
    await aDecision(request, leaver)
    await db().person.update({ where: { id: leaver.id }, data: { groups: [] } })
    expect((await decide(priya, request)).status).toBe('pending')
    expect((await decide(sam, request)).status).toBe('approved')
  })

  test('that comes after the wished start begins at once; before it, the grant waits for the start', async () => {
    const past = await aRequest({ startsAt: new Date(Date.now() - 3_600_000) })
    const future = await aRequest({ startsAt: new Date(Date.now() + 3_600_000) })
    await decide(priya, past)
    await decide(priya, future)
    expect((await rowOf(past)).grant?.nextAttemptAt?.getTime()).toBeGreaterThan(Date.now() - 60_000)
    expect((await rowOf(future)).grant?.nextAttemptAt).toEqual(future.startsAt)
  })
})

describe('a no', () => {
  test('ends it, whatever was said before', async () => {
    const entitlement = anEntitlement({ approvals: [{ groups: ['payments-leads'], count: 2 }] })
    const request = await aRequest({ entitlement })
    await decide(priya, request)
    expect(await decide(sam, request, { decision: 'deny', note: 'not today' })).toMatchObject({ status: 'denied' })
    expect((await rowOf(request)).grant).toBeNull()
    expect(await typesAbout(request)).toEqual(['decision.made', 'decision.made', 'request.denied'])
  })
})

describe('nobody decides their own request', () => {
  test('not with the same subject, though in the group', async () => {
    const requester = await aPerson({ groups: ['payments-dev', 'payments-leads'] })
    const request = await aRequest({ requester })
    await expectRefused(request, () => decide(asActor(requester), request), 'forbidden', 'own-request')
  })

  test('not as an admin', async () => {
    const requester = await aPerson({ groups: ['payments-dev', 'payments-leads'] })
    const request = await aRequest({ requester })
    await expectRefused(request, () => decide(asActor(requester, ['admin']), request), 'forbidden', 'own-request')
  })

  test('not with a second account that has the same verified e-mail in another case', async () => {
    const requester = await aPerson({ email: 'Mina.Okafor@example.com' })
    const request = await aRequest({ requester })
    const second = await anActor({ email: 'mina.okafor@EXAMPLE.com', groups: ['payments-leads'] })
    await expectRefused(request, () => decide(second, request), 'forbidden', 'own-request')
  })

  test('an e-mail that is not verified makes nobody the same person', async () => {
    const requester = await aPerson({ email: 'shared@example.com', emailVerified: false })
    const request = await aRequest({ requester })
    const other = await anActor({ email: 'shared@example.com', groups: ['payments-leads'] })
    expect((await decide(other, request)).status).toBe('approved')
  })

  test('nobody counts twice with two accounts of one verified e-mail', async () => {
    const entitlement = anEntitlement({ approvals: [{ groups: ['payments-leads'], count: 2 }] })
    const request = await aRequest({ entitlement })
    const email = 'double@example.com'
    await decide(await anActor({ email, groups: ['payments-leads'] }), request)
    const again = await anActor({ email, groups: ['payments-leads'] })
    await expectRefused(request, () => decide(again, request), 'conflict', 'already-decided')
  })
})

describe('who may not decide', () => {
  test('another team hears the same as for a request that is not there, and the attempt is recorded', async () => {
    const request = await aRequest()
    const outsider = await anActor({ groups: ['search-leads'] })
    const refused = await rejectionOf(decide(outsider, request))
    const missing = await rejectionOf(decide(outsider, { ...request, id: request.id.replace(/.$/, 'z') }))
    expect({ ...refused, message: refused.message }).toEqual({ ...missing, message: missing.message })
    expect(refused.code).toBe('not-found')
    expect(await typesAbout(request)).toEqual(['decision.refused'])
  })

  test('an auditor may read it and is told that they may not decide it', async () => {
    const request = await aRequest()
    const ines = await anActor({ groups: ['security-audit'], roles: ['auditor'] })
    await expectRefused(request, () => decide(ines, request), 'forbidden', 'not-an-approver')
  })

  test('a person who lost the group may not, even where the row still says the group', async () => {
    const request = await aRequest()
    const former = await anActor({ groups: ['payments-leads'] })
    former.person.groups = []
    expect(await rejectionOf(decide(former, request))).toMatchObject({ code: 'not-found' })
  })

  test('an id of another shape is simply not there', async () => {
    for (const id of ['', 'req_x', '\0', "req_' OR 1=1", 'grt_01m84sqapfffhsd8esctezq3wc'])
      expect(await rejectionOf(decideRequest(priya, id, { decision: 'deny', digest: '' }))).toMatchObject({
        code: 'not-found',
      })
  })
})

describe('what was approved is what is granted', () => {
  test('a digest that is not the current one is refused', async () => {
    const request = await aRequest()
    const digest = `sha256:${'0'.repeat(64)}`
    await expectRefused(request, () => decide(priya, request, { digest }), 'digest-mismatch', 'digest-mismatch')
  })

  test('an approver may narrow: the new terms have a new digest, and before and after are recorded', async () => {
    const request = await aRequest({ namespaces: ['checkout', 'payments'] })
    const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }]
    const narrow = { rules, namespaces: ['payments'], duration: 600 }
    const answer = await decide(priya, request, { narrow })
    const row = await rowOf(request)
    const { requester } = await db().request.findUniqueOrThrow({
      where: { id: request.id },
      include: { requester: true },
    })
    expect(answer).toEqual({ status: 'approved', digest: row.digest })
    expect(row).toMatchObject({ namespaces: ['payments'], rules, durationSeconds: 600 })
    expect(row.digest).toBe(
      digestOf({ ...row, requester, rules, namespaces: ['payments'], durationSeconds: 600, startsAt: null }),
    )
    expect(row.asked).toMatchObject({ digest: request.digest, namespaces: ['checkout', 'payments'] })
    expect(row.grant?.durationSeconds).toBe(600)
    expect(row.decisions).toMatchObject([
      { digest: request.digest, result: row.digest, narrowed: { after: { rules } } },
    ])
    const narrowed = (await eventsAbout(request)).find(({ type }) => type === 'request.narrowed')
    expect(narrowed).toMatchObject({
      before: { namespaces: ['checkout', 'payments'], durationSeconds: 1800 },
      after: { namespaces: ['payments'], durationSeconds: 600 },
      data: { digest: request.digest, result: row.digest },
    })
  })

  test('after a narrowing the earlier yes still counts, and the old digest is refused', async () => {
    const entitlement = anEntitlement({ approvals: [{ groups: ['payments-leads'], count: 3 }] })
    const request = await aRequest({ entitlement, namespaces: ['checkout', 'payments'] })
    await decide(priya, request)
    const { digest } = await decide(sam, request, { narrow: { namespaces: ['payments'] } })
    const third = await anActor({ groups: ['payments-leads'] })
    await expectRefused(request, () => decide(third, request), 'digest-mismatch', 'digest-mismatch')
    expect(await decide(third, request, { digest })).toEqual({ status: 'approved', digest })
  })

  test('a narrowing to the same terms changes nothing', async () => {
    const request = await aRequest()
    const { digest } = await decide(priya, request, { narrow: { namespaces: ['payments'], duration: 1800 } })
    expect(digest).toBe(request.digest)
    expect(await typesAbout(request)).toEqual(['decision.made', 'request.approved'])
  })

  test('a narrowing that widens is refused, with every place', async () => {
    const request = await aRequest()
    const narrow = {
      rules: [{ apiGroups: ['apps'], resources: ['*'], verbs: ['get'] }],
      namespaces: ['payments', 'search'],
      duration: 1801,
    }
    await expectRefused(request, () => decide(priya, request, { narrow }), 'invalid', 'widened')
    const error = await rejectionOf(decide(priya, request, { narrow }))
    expect(error.errors.map(({ pointer }) => pointer)).toEqual([
      '/narrow/rules',
      '/narrow/namespaces/1',
      '/narrow/duration',
    ])
  })

  test('the rules of a vetted ClusterRole are not narrowed; its namespaces and time are', async () => {
    const entitlement = anEntitlement({ clusterRole: 'view', name: 'cluster-view' })
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
    const tomas = await anActor({ groups: ['sre', 'payments-leads'] })
    const request = await aRequest({ entitlement, rules })
    const { id, digest } = request
    const narrowed = () => decideRequest(tomas, id, { decision: 'approve', digest, narrow: { rules } })
    await expectRefused(request, narrowed, 'invalid', 'widened')
    const shorter = await decideRequest(tomas, id, { decision: 'approve', digest, narrow: { duration: 600 } })
    expect(shorter.status).toBe('approved')
  })

  test('a denial narrows nothing', async () => {
    const request = await aRequest()
    const call = decide(priya, request, { decision: 'deny', narrow: { duration: 600 } })
    expect(await rejectionOf(call)).toMatchObject({ code: 'invalid', errors: [{ pointer: '/narrow' }] })
  })
})

describe('judged again on deciding', () => {
  test('a requester who lost the group is not approved; denying stays possible', async () => {
    const requester = await aPerson()
    const request = await aRequest({ requester })
    await db().person.update({ where: { id: requester.id }, data: { groups: [] } })
    await expectRefused(request, () => decide(priya, request), 'guardrail-violation', 'requester-not-eligible')
    expect((await decide(priya, request, { decision: 'deny' })).status).toBe('denied')
  })

  test('a namespace that is gone is not approved', async () => {
    const request = await aRequest()
    await aClusterState({ namespaces: [{ name: 'search', labels: {} }] })
    await expectRefused(request, () => decide(priya, request), 'guardrail-violation', 'namespace-unknown')
  })

  test('an entitlement that left the configuration cannot be approved any more, only denied', async () => {
    const entitlement = anEntitlement({ name: 'gone-since' })
    const request = await aRequest({ entitlement })
    await expectRefused(request, () => decide(priya, request), 'conflict', 'entitlement-removed')
    expect((await decide(priya, request, { decision: 'deny' })).status).toBe('denied')
  })

  test('a group that was taken out of the approval steps decides no more; who may ask is as it is now', async () => {
    const request = await aRequest()
    const entitlements = (overrides: Record<string, unknown>) => [anEntitlementDocument(overrides)]
    try {
      await policy.change(aConfiguration({ entitlements: entitlements({ approvals: [{ groups: ['sre'] }] }) }))
      await expectRefused(request, () => decide(priya, request), 'forbidden', 'not-an-approver')
      await policy.change(aConfiguration({ entitlements: entitlements({ who: { groups: ['others'] } }) }))
      await expectRefused(request, () => decide(priya, request), 'guardrail-violation', 'requester-not-eligible')
    } finally {
      await policy.change(aConfiguration())
    }
    expect((await decide(priya, request)).status).toBe('approved')
  })

  test('a lower limit in the configuration since then does not change what was asked for', async () => {
    const request = await aRequest({ durationSeconds: 7200 })
    try {
      const duration = { default: 'PT5M', max: 'PT10M' }
      await policy.change(aConfiguration({ entitlements: [anEntitlementDocument({ duration })] }))
      expect((await decide(priya, request)).status).toBe('approved')
    } finally {
      await policy.change(aConfiguration())
    }
  })

  test('a request past its time is decided by nobody, even before it is marked as lapsed', async () => {
    const request = await aRequest({ lapsesAt: new Date(Date.now() - 1000) })
    await expectRefused(request, () => decide(priya, request), 'conflict', 'lapsed')
  })
})

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
