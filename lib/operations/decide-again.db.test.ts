import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { Request } from '#lib/adapters/db/generated/client'
import type { PersonActor } from '#lib/core/access/actor'
import type { DecisionInput } from '#lib/core/access/request'
import { digestOf } from '#lib/core/access/terms'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { anActor, aPerson, isNowIn } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aRequest } from '#testing/requests'
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

describe('what was approved is what is granted', () => {
  test('a digest that is not the current one is refused', async () => {
    const request = await aRequest()
    const digest = `sha256:${'0'.repeat(64)}`
    await expectRefused(request, () => decide(priya, request, { digest }), 'digest-mismatch', 'digest-mismatch')
  })

  test('an approver may narrow: the new terms have a new digest, and before and after are recorded', async () => {
    const request = await aRequest({ namespaces: ['checkout', 'payments'] })
    const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }]
    const narrow = { rules, namespaces: ['payments'], durationSeconds: 600 }
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
    expect(row.submittedTerms).toMatchObject({ digest: request.digest, namespaces: ['checkout', 'payments'] })
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
    const { digest } = await decide(priya, request, { narrow: { namespaces: ['payments'], durationSeconds: 1800 } })
    expect(digest).toBe(request.digest)
    expect(await typesAbout(request)).toEqual(['decision.made', 'request.approved'])
  })

  test('a narrowing that widens is refused, with every place', async () => {
    const request = await aRequest()
    const narrow = {
      rules: [{ apiGroups: ['apps'], resources: ['*'], verbs: ['get'] }],
      namespaces: ['payments', 'search'],
      durationSeconds: 1801,
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
    const shorter = await decideRequest(tomas, id, { decision: 'approve', digest, narrow: { durationSeconds: 600 } })
    expect(shorter.status).toBe('approved')
  })

  test('a denial narrows nothing, and the attempt is recorded', async () => {
    const request = await aRequest()
    const call = () => decide(priya, request, { decision: 'deny', narrow: { durationSeconds: 600 } })
    expect(await rejectionOf(call())).toMatchObject({ code: 'invalid', errors: [{ pointer: '/narrow' }] })
    await expectRefused(request, call, 'invalid', 'denial-narrows')
  })
})

describe('judged again on deciding', () => {
  test('a requester who lost the group is not approved; denying stays possible', async () => {
    const requester = await aPerson()
    const request = await aRequest({ requester })
    await isNowIn(requester, [])
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
