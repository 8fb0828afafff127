import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { Request } from '#lib/adapters/db/generated/client'
import { newId } from '#lib/adapters/db/ids'
import type { PersonActor } from '#lib/core/access/actor'
import type { DecisionInput } from '#lib/core/access/request'
import { aConfiguration, anEntitlement } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { anActor, aPerson, asActor, isNowIn } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aDecision, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { decideRequest } from './decide-request.ts'

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
    await isNowIn(leaver, [])
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

  test('not with an account that never showed a verified e-mail, unless nobody has two at this provider', async () => {
    const nobodys = { email: 'shared@example.com', emailVerified: false }
    const byUnverified = await aRequest()
    const ofUnverified = await aRequest({ requester: await aPerson(nobodys) })
    const unverified = await anActor({ ...nobodys, groups: ['payments-leads'] })
    await expectRefused(byUnverified, () => decide(unverified, byUnverified), 'forbidden', 'unverified')
    await expectRefused(ofUnverified, () => decide(priya, ofUnverified), 'forbidden', 'unverified')
    const { identity } = aConfiguration()
    try {
      await policy.change(aConfiguration({ identity: { ...identity, oneSubjectPerPerson: true } }))
      expect((await decide(unverified, byUnverified)).status).toBe('approved')
      expect((await decide(unverified, ofUnverified)).status, 'the e-mail says nothing then').toBe('approved')
    } finally {
      await policy.change(aConfiguration())
    }
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
    const missing = await rejectionOf(decide(outsider, { ...request, id: newId('request') }))
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
