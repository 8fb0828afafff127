import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { once } from '#lib/adapters/db/idempotency'
import { currentPolicy } from '#lib/adapters/policy/current'
import { digestOf } from '#lib/core/access/terms'
import { testBench } from '#testing/bench'
import { eventsWhere } from '#testing/events'
import { anActor, companyActors } from '#testing/people'
import { expectSameRejection, rejectionOf } from '#testing/rejection'
import { aSubmission } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { submitRequest } from './submit-request.ts'

await testBench()
const { jonas } = await companyActors('jonas')

const requestRow = (id: string) => db().request.findUniqueOrThrow({ where: { id } })
const refusalsOf = (actorId: string) => eventsWhere({ actorId, type: 'request.refused' })

test('a submitted request is stored and recorded with its entitlement, its configuration and its digest', async () => {
  const actor = await anActor()
  const answer = await submitRequest(actor, aSubmission({ namespaces: ['payments', 'checkout', 'payments'] }))
  expect(answer.status).toBe('pending')
  const request = await db().request.findUniqueOrThrow({
    where: { id: answer.id },
    include: { policy: true, entitlement: true },
  })
  expect(request).toMatchObject({
    status: 'pending',
    requesterId: actor.person.id,
    namespaces: ['checkout', 'payments'],
    policyHash: currentPolicy().hash,
    approverGroups: ['payments-leads'],
    digest: answer.digest,
    submittedTerms: { digest: answer.digest, durationSeconds: 1800 },
    entitlement: { name: 'payments-restart', document: { duration: { max: 7200 } } },
    policy: { document: { publicUrl: 'http://localhost:3000' } },
  })
  expect(request.lapsesAt.getTime() - request.createdAt.getTime()).toBe(86_400_000)
  expect(answer.digest).toBe(
    digestOf({
      requester: actor.person,
      cluster: 'prod-eu',
      namespaces: ['payments', 'checkout'],
      rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] }],
      clusterRole: null,
      durationSeconds: 1800,
      startsAt: null,
      agent: null,
    }),
  )
  expect(await eventsWhere({ requestId: answer.id })).toMatchObject([
    {
      type: 'request.submitted',
      actorId: actor.person.id,
      actorName: actor.person.name,
      aboutId: actor.person.id,
      reference: actor.origin.reference,
      clientAddress: '192.0.2.7',
      namespaces: ['checkout', 'payments'],
      data: { entitlement: 'payments-restart', digest: answer.digest },
    },
  ])
})

test('a request without approval steps is approved at once, with a grant that waits for the worker', async () => {
  const answer = await submitRequest(await anActor(), aSubmission({ entitlement: 'payments-logs' }))
  expect(answer.status).toBe('approved')
  const grant = await db().grant.findUniqueOrThrow({ where: { requestId: answer.id } })
  expect(grant).toMatchObject({ status: 'pending', cluster: 'prod-eu', durationSeconds: 1800, activatedAt: null })
  const events = await eventsWhere({ requestId: answer.id })
  expect(events.map(({ type, actorKind }) => [type, actorKind])).toEqual([
    ['request.submitted', 'person'],
    ['request.approved', 'system'],
    ['grant.intent-recorded', 'system'],
  ])
})

test('a grant is due at the requested start', async () => {
  const startsAt = new Date(Date.now() + 3_600_000)
  const answer = await submitRequest(await anActor(), aSubmission({ entitlement: 'payments-logs', startsAt }))
  const grant = await db().grant.findUniqueOrThrow({ where: { requestId: answer.id } })
  expect(grant.nextAttemptAt).toEqual(startsAt)
})

test('a refused submission reports every violation at its field, stores no request, and is recorded', async () => {
  const actor = await anActor()
  const bad = aSubmission({ namespaces: ['payments', 'kube-system'], durationSeconds: 999_999, reason: 'short' })
  expect(await rejectionOf(submitRequest(actor, bad))).toMatchObject({
    code: 'guardrail-violation',
    errors: [
      { pointer: '/namespaces/1' },
      { pointer: '/duration' },
      { pointer: '/reason' },
      // From the guardrail that protects kube-*, which is on by default.
      { pointer: '/namespaces/1' },
    ],
  })
  expect(await db().request.count({ where: { requesterId: actor.person.id } })).toBe(0)
  expect(await refusalsOf(actor.person.id)).toMatchObject([
    { data: { entitlement: 'payments-restart', code: 'namespace-not-covered' }, policyHash: currentPolicy().hash },
  ])
})

test('an entitlement for other people is refused like an unknown one; only the record tells them apart', async () => {
  const submit = (entitlement: string) => () => submitRequest(jonas, aSubmission({ entitlement }))
  const rejection = await expectSameRejection(submit('payments-restart'), submit('no-such-thing'))
  expect(rejection).toMatchObject({ code: 'guardrail-violation', errors: [{ pointer: '/entitlement' }] })
  const codes = (await refusalsOf(jonas.person.id)).map(({ data }) => (data as { code: string }).code)
  expect(codes).toEqual(['requester-not-eligible', 'unknown-entitlement'])
})

test('a requester is judged by their current groups, not by those in the database', async () => {
  const actor = await anActor()
  actor.person.groups = []
  expect(await rejectionOf(submitRequest(actor, aSubmission()))).toMatchObject({ code: 'guardrail-violation' })
})

test('rules chosen inside a ceiling are stored as chosen; those of a vetted ClusterRole as last read', async () => {
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'get'] }]
  const inSearch = { namespaces: ['search'] }
  const chosen = await submitRequest(jonas, aSubmission({ entitlement: 'search-debug', ...inSearch, rules }))
  const viewing = await submitRequest(jonas, aSubmission({ entitlement: 'cluster-view', ...inSearch }))
  expect(await requestRow(chosen.id)).toMatchObject({ rules: [{ ...rules[0], verbs: ['get', 'list'] }] })
  expect(await requestRow(viewing.id)).toMatchObject({
    clusterRole: 'view',
    rules: [{ apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list', 'watch'] }],
  })
})

test('two first requests at once store one version of the configuration', async () => {
  const actor = await anActor()
  const [one, two] = await Promise.all([submitRequest(actor, aSubmission()), submitRequest(actor, aSubmission())])
  expect(one.id).not.toBe(two.id)
  expect(await db().policyVersion.count()).toBe(1)
})

test('two submissions at once with one Idempotency-Key create one request and get the same response', async () => {
  const actor = await anActor()
  const submit = () =>
    once(actor.person.id, 'double', 'fingerprint', async () => ({
      status: 201,
      body: await submitRequest(actor, aSubmission()),
    }))
  const [first, second] = await Promise.all([submit(), submit()])
  expect(first.body).toEqual(second.body)
  expect(await db().request.count({ where: { requesterId: actor.person.id } })).toBe(1)
})

test('a submission needs at most six statements, not counting begin and commit', async () => {
  const actor = await anActor()
  for (const entitlement of ['payments-restart', 'payments-logs']) {
    const statements = await statementsOf(() => submitRequest(actor, aSubmission({ entitlement })))
    const inside = statements.filter((sql) => !/^(BEGIN|COMMIT|SET)/i.test(sql))
    expect(inside.length, statements.join('\n')).toBeLessThanOrEqual(6)
  }
})

test('a refusal is recorded even if the submission contains text that PostgreSQL cannot store', async () => {
  const actor = await anActor()
  const submission = aSubmission({ entitlement: 'a\0b\ud800', cluster: 'c\0' })
  expect(await rejectionOf(submitRequest(actor, submission))).toMatchObject({ code: 'guardrail-violation' })
  expect(await refusalsOf(actor.person.id)).toMatchObject([
    { cluster: 'c\ufffd', data: { entitlement: 'a\ufffdb\ufffd' } },
  ])
})

test('the facts of a judgement are stored with the request or its refusal, and cannot be changed', async () => {
  const actor = await anActor({ groups: ['night-shift', 'payments-dev'] })
  const facts = {
    requester: { groups: ['night-shift', 'payments-dev'], email: actor.person.email },
    clusterLabels: { environment: 'prod', region: 'eu' },
    namespacesObserved: true,
    namespaces: [{ name: 'payments', labels: { environment: 'prod' } }],
  }
  const { id } = await submitRequest(actor, aSubmission())
  expect((await requestRow(id)).facts).toMatchObject({ ...facts, clusterRoleRules: null })
  const change = db().request.update({ where: { id }, data: { facts: {} } })
  await expect(change).rejects.toThrow(/a submitted request cannot be changed/)

  const tooShort = submitRequest(actor, aSubmission({ reason: 'short' }))
  expect(await rejectionOf(tooShort)).toMatchObject({ code: 'guardrail-violation' })
  const [refusal] = await refusalsOf(actor.person.id)
  expect(refusal?.data).toMatchObject({
    errors: [{ code: 'reason-too-short' }],
    matched: [],
    submission: { reason: 'short', durationSeconds: 1800, facts },
  })
})

test('a refused submission that is too large to store is recorded without its terms', async () => {
  const names = Array.from({ length: 64 }, (_, index) => `${'x'.repeat(240)}${index}`)
  const rule = { apiGroups: [''], resources: ['pods'], verbs: ['escalate'], resourceNames: names }
  const rules = [rule, { ...rule, verbs: ['bind'] }]
  const submission = aSubmission({ entitlement: 'search-debug', namespaces: ['search'], rules })
  expect(await rejectionOf(submitRequest(jonas, submission))).toMatchObject({ code: 'guardrail-violation' })
  const refusal = (await refusalsOf(jonas.person.id)).at(-1)
  expect(refusal?.data).toMatchObject({ code: 'rules-outside-ceiling' })
  expect(refusal?.data).not.toHaveProperty('submission')
})
