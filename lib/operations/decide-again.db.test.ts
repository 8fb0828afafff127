import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { digestOf } from '#lib/core/access/terms'
import { getRequest } from '#lib/views/get-request'
import { testBench } from '#testing/bench'
import { anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { decide, expectDecisionRefused, requestRow } from '#testing/decisions'
import { eventsWhere, eventTypesWhere } from '#testing/events'
import { anActor, aPerson, companyActors, isNowIn } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aRequest } from '#testing/requests'

const { offer } = await testBench()
const { priya, sam } = await companyActors('priya', 'sam')

describe('what was approved is what is granted', () => {
  test('a decision on a digest that is not the current one is refused', async () => {
    const digest = `sha256:${'0'.repeat(64)}`
    await expectDecisionRefused(priya, await aRequest(), 'digest-mismatch', 'digest-mismatch', { digest })
  })

  test('an approver may narrow: the new terms have a new digest, and before and after are recorded', async () => {
    const request = await aRequest({ namespaces: ['checkout', 'payments'] })
    const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }]
    const narrow = { rules, namespaces: ['payments'], durationSeconds: 600 }
    const answer = await decide(priya, request, { narrow })
    const row = await requestRow(request)
    const requester = await db().person.findUniqueOrThrow({ where: { id: request.requesterId } })
    expect(answer).toEqual({ status: 'approved', digest: row.digest })
    expect(row).toMatchObject(narrow)
    expect(row.digest).toBe(digestOf({ ...row, requester, ...narrow, startsAt: null }))
    expect(row.submittedTerms).toMatchObject({ digest: request.digest, namespaces: ['checkout', 'payments'] })
    expect(row.grant?.durationSeconds).toBe(600)
    const { digest } = request
    expect(row.decisions).toMatchObject([{ digest, result: row.digest, narrowed: { after: { rules } } }])
    expect(await eventsWhere({ requestId: request.id, type: 'request.narrowed' })).toMatchObject([
      {
        before: { namespaces: ['checkout', 'payments'], durationSeconds: 1800 },
        after: { namespaces: ['payments'], durationSeconds: 600 },
        data: { digest, result: row.digest },
      },
    ])
  })

  test('after a narrowing an earlier approval still counts, and the old digest is refused', async () => {
    const entitlement = anEntitlement({ approvals: [{ groups: ['payments-leads'], count: 3 }] })
    const request = await aRequest({ entitlement, namespaces: ['checkout', 'payments'] })
    await decide(priya, request)
    const { digest } = await decide(sam, request, { narrow: { namespaces: ['payments'] } })
    const third = await anActor({ groups: ['payments-leads'] })
    await expectDecisionRefused(third, request, 'digest-mismatch', 'digest-mismatch')
    expect(await decide(third, request, { digest })).toEqual({ status: 'approved', digest })
  })

  test('a narrowing to the same terms changes nothing', async () => {
    const request = await aRequest()
    const { digest } = await decide(priya, request, { narrow: { namespaces: ['payments'], durationSeconds: 1800 } })
    expect(digest).toBe(request.digest)
    expect(await eventTypesWhere({ requestId: request.id, type: 'request.narrowed' })).toEqual([])
  })

  test('a narrowing that widens is refused, and the error points at every widened field', async () => {
    const request = await aRequest()
    const narrow = {
      rules: [{ apiGroups: ['apps'], resources: ['*'], verbs: ['get'] }],
      namespaces: ['payments', 'search'],
      durationSeconds: 1801,
    }
    await expectDecisionRefused(priya, request, 'invalid', 'widened', { narrow })
    const { errors } = await rejectionOf(decide(priya, request, { narrow }))
    const pointers = errors.map(({ pointer }) => pointer)
    expect(pointers).toEqual(['/narrow/rules', '/narrow/namespaces/1', '/narrow/duration'])
  })

  test.each([
    ['create', [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['create'], resourceNames: ['web'] }]],
    ['*', [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'], resourceNames: ['*'] }]],
  ])('a narrowing to a rule that the cluster never allows (%s by name) is refused', async (_, rules) => {
    const ceiling = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'create'] }]
    await offer(anEntitlementDocument(), anEntitlementDocument({ name: 'free', ceiling }))
    const request = await aRequest({ entitlement: anEntitlement({ name: 'free', ceiling }), rules: ceiling })
    await expectDecisionRefused(priya, request, 'guardrail-violation', 'rules-never-allowed', { narrow: { rules } })
  })

  test('the namespaces and the duration of a vetted ClusterRole can be narrowed, its rules can not', async () => {
    const entitlement = anEntitlement({ clusterRole: 'view', name: 'cluster-view' })
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
    const tomas = await anActor({ groups: ['sre', 'payments-leads'] })
    const request = await aRequest({ entitlement, rules })
    await expectDecisionRefused(tomas, request, 'invalid', 'widened', { narrow: { rules } })
    expect((await decide(tomas, request, { narrow: { durationSeconds: 600 } })).status).toBe('approved')
  })

  test('a denial that narrows is refused', async () => {
    const request = await aRequest()
    const denial = { decision: 'deny', narrow: { durationSeconds: 600 } } as const
    expect(await rejectionOf(decide(priya, request, denial))).toMatchObject({ errors: [{ pointer: '/narrow' }] })
    await expectDecisionRefused(priya, request, 'invalid', 'denial-narrows', denial)
  })
})

describe('a request is judged again when it is decided', () => {
  test('a request whose requester lost the group cannot be approved, only denied', async () => {
    const requester = await aPerson()
    const request = await aRequest({ requester })
    await isNowIn(requester, [])
    await expectDecisionRefused(priya, request, 'guardrail-violation', 'requester-not-eligible')
    expect((await decide(priya, request, { decision: 'deny' })).status).toBe('denied')
  })

  test('a request for a namespace that is gone cannot be approved', async () => {
    await aClusterState({ namespaces: [{ name: 'search', labels: {} }] })
    await expectDecisionRefused(priya, await aRequest(), 'guardrail-violation', 'namespace-unknown')
  })

  test('a request whose entitlement left the configuration cannot be approved, only denied', async () => {
    const request = await aRequest({ entitlement: anEntitlement({ name: 'gone-since' }) })
    await expectDecisionRefused(priya, request, 'conflict', 'entitlement-removed')
    expect((await decide(priya, request, { decision: 'deny' })).status).toBe('denied')
  })

  test('a group that was removed from the approval steps cannot decide a request that named it', async () => {
    const request = await aRequest()
    await offer(anEntitlementDocument({ approvals: [{ groups: ['sre'] }] }))
    await expectDecisionRefused(priya, request, 'forbidden', 'not-an-approver')
  })

  test('a group that was moved to another step cannot decide the step that it was moved from, also not with an earlier approval', async () => {
    const approvals = [{ groups: ['payments-leads'] }, { groups: ['sre'] }]
    await offer(anEntitlementDocument({ approvals }))
    const entitlement = anEntitlement({ approvals: approvals.map((step) => ({ ...step, count: 1 })) })
    const [early, late] = [await aRequest({ entitlement }), await aRequest({ entitlement })]
    expect((await decide(priya, early)).status).toBe('pending')
    await offer(anEntitlementDocument({ approvals: [{ groups: ['security'] }, { groups: ['sre', 'payments-leads'] }] }))
    await expectDecisionRefused(priya, late, 'forbidden', 'not-an-approver')
    const sre = await anActor({ groups: ['sre'] })
    expect((await decide(sre, early)).status).toBe('pending')
    const { steps } = await getRequest(await anActor({ roles: ['auditor'] }), early.id)
    expect(steps).toMatchObject([
      { groups: [], approvedBy: [] },
      { groups: ['sre'], approvedBy: [{ id: sre.person.id }] },
    ])
    await offer(anEntitlementDocument())
  })

  test('a request whose entitlement is now for other groups cannot be approved while it is', async () => {
    const request = await aRequest()
    await offer(anEntitlementDocument({ who: { groups: ['others'] } }))
    await expectDecisionRefused(priya, request, 'guardrail-violation', 'requester-not-eligible')
    await offer(anEntitlementDocument())
    expect((await decide(priya, request)).status).toBe('approved')
  })

  test('a maximum duration that was lowered after the submission does not apply to the request', async () => {
    const request = await aRequest({ durationSeconds: 7200 })
    await offer(anEntitlementDocument({ duration: { default: 'PT5M', max: 'PT10M' } }))
    expect((await decide(priya, request)).status).toBe('approved')
  })

  test('a request past its expiry cannot be decided, even before it is marked as lapsed', async () => {
    const request = await aRequest({ lapsesAt: new Date(Date.now() - 1000) })
    await expectDecisionRefused(priya, request, 'conflict', 'lapsed')
  })
})
