import { afterAll, beforeAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { once } from '#lib/adapters/db/idempotency'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Submission } from '#lib/core/access/request'
import { digestOf } from '#lib/core/access/terms'
import { testDatabase } from '#testing/database'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aClusterState } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { submitRequest } from './submit-request.ts'

const database = await testDatabase()
const policy = await testPolicy()
beforeAll(() => aClusterState())
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const aSubmission = (overrides: Partial<Submission> = {}): Submission => ({
  entitlement: 'payments-restart',
  cluster: 'prod-eu',
  namespaces: ['payments'],
  reason: 'the checkout pods hang since the last deploy',
  durationSeconds: 1800,
  ...overrides,
})

const eventsAbout = (requestId: string) => db().auditEvent.findMany({ where: { requestId }, orderBy: { seq: 'asc' } })
const refusalsOf = (actorId: string) =>
  db().auditEvent.findMany({ where: { actorId, type: 'request.refused' }, orderBy: { seq: 'asc' } })

test('what is asked for is kept with its entitlement, its configuration and its digest, and recorded with it', async () => {
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
    asked: { digest: answer.digest, durationSeconds: 1800 },
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
    }),
  )
  const events = await eventsAbout(answer.id)
  expect(events).toMatchObject([
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

test('an entitlement without steps is approved at once, with a grant that waits for the worker', async () => {
  const actor = await anActor()
  const answer = await submitRequest(actor, aSubmission({ entitlement: 'payments-logs' }))
  expect(answer.status).toBe('approved')
  const grant = await db().grant.findUniqueOrThrow({ where: { requestId: answer.id } })
  expect(grant).toMatchObject({ status: 'pending', cluster: 'prod-eu', durationSeconds: 1800, activatedAt: null })
  expect((await eventsAbout(answer.id)).map(({ type, actorKind }) => [type, actorKind])).toEqual([
    ['request.submitted', 'person'],
    ['request.approved', 'system'],
  ])
})

test('a start that was asked for is when the grant is due', async () => {
  const startsAt = new Date(Date.now() + 3_600_000)
  const answer = await submitRequest(await anActor(), aSubmission({ entitlement: 'payments-logs', startsAt }))
  const grant = await db().grant.findUniqueOrThrow({ where: { requestId: answer.id } })
  expect(grant.nextAttemptAt).toEqual(startsAt)
})

test('a refusal names every violation at its field, keeps no request, and is recorded', async () => {
  const actor = await anActor()
  const bad = aSubmission({ namespaces: ['payments', 'kube-system'], durationSeconds: 999_999, reason: 'short' })
  await expect(submitRequest(actor, bad)).rejects.toMatchObject({
    code: 'guardrail-violation',
    errors: [
      { pointer: '/namespaces/1' },
      { pointer: '/duration' },
      { pointer: '/reason' },
      // By the guardrail that protects kube-*, which is on unless somebody switches it off.
      { pointer: '/namespaces/1' },
    ],
  })
  expect(await db().request.count({ where: { requesterId: actor.person.id } })).toBe(0)
  expect(await refusalsOf(actor.person.id)).toMatchObject([
    { data: { entitlement: 'payments-restart', code: 'namespace-not-covered' }, policyHash: currentPolicy().hash },
  ])
})

test('an entitlement for others reads the same as one that is not there; the record knows the difference', async () => {
  const actor = await anActor({ groups: ['search-dev'] })
  const refusalOf = (entitlement: string) => submitRequest(actor, aSubmission({ entitlement })).catch((error) => error)
  const [forOthers, missing] = [await refusalOf('payments-restart'), await refusalOf('no-such-thing')]
  expect(forOthers).toMatchObject({ code: 'guardrail-violation', errors: [{ pointer: '/entitlement' }] })
  expect({ ...forOthers, message: forOthers.message }).toEqual({ ...missing, message: missing.message })
  const codes = (await refusalsOf(actor.person.id)).map(({ data }) => (data as { code: string }).code)
  expect(codes).toEqual(['requester-not-eligible', 'unknown-entitlement'])
})

test('an actor whose groups changed is judged by the groups of now, not of the row', async () => {
  const actor = await anActor()
  actor.person.groups = []
  await expect(submitRequest(actor, aSubmission())).rejects.toMatchObject({ code: 'guardrail-violation' })
})

test('rules chosen inside a ceiling are kept as chosen; a vetted ClusterRole as it was last seen', async () => {
  const actor = await anActor({ groups: ['search-dev'] })
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'get'] }]
  const chosen = await submitRequest(actor, aSubmission({ entitlement: 'search-debug', namespaces: ['search'], rules }))
  const viewing = await submitRequest(actor, aSubmission({ entitlement: 'cluster-view', namespaces: ['search'] }))
  const rowOf = (id: string) => db().request.findUniqueOrThrow({ where: { id } })
  expect((await rowOf(chosen.id)).rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }])
  expect(await rowOf(viewing.id)).toMatchObject({
    clusterRole: 'view',
    rules: [{ apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list', 'watch'] }],
  })
})

test('two first requests at once keep one version of the configuration', async () => {
  const actor = await anActor()
  const [one, two] = await Promise.all([submitRequest(actor, aSubmission()), submitRequest(actor, aSubmission())])
  expect(one.id).not.toBe(two.id)
  expect(await db().policyVersion.count()).toBe(1)
})

test('a double submit with one Idempotency-Key is one request, with one answer', async () => {
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

test('asking takes at most six statements besides begin and commit', async () => {
  const actor = await anActor()
  for (const entitlement of ['payments-restart', 'payments-logs']) {
    const statements = await statementsOf(() => submitRequest(actor, aSubmission({ entitlement })))
    const inside = statements.filter((sql) => !/^(BEGIN|COMMIT|SET)/i.test(sql))
    expect(inside.length, statements.join('\n')).toBeLessThanOrEqual(6)
  }
})

test('what cannot be stored as text does not keep a refusal from being recorded', async () => {
  const actor = await anActor()
  const submission = aSubmission({ entitlement: 'a\0b\ud800', cluster: 'c\0' })
  await expect(submitRequest(actor, submission)).rejects.toMatchObject({ code: 'guardrail-violation' })
  expect(await refusalsOf(actor.person.id)).toMatchObject([
    { cluster: 'c\ufffd', data: { entitlement: 'a\ufffdb\ufffd' } },
  ])
})

test('what a judgement saw is kept with the ask, granted or refused, and not changed afterwards', async () => {
  const actor = await anActor({ groups: ['night-shift', 'payments-dev'] })
  const seen = {
    requester: { groups: ['night-shift', 'payments-dev'], email: actor.person.email },
    clusterLabels: { environment: 'prod', region: 'eu' },
    namespacesObserved: true,
    namespaces: [{ name: 'payments', labels: { environment: 'prod' } }],
  }
  const { id } = await submitRequest(actor, aSubmission())
  const request = await db().request.findUniqueOrThrow({ where: { id } })
  expect(request.facts).toMatchObject({ ...seen, clusterRoleRules: null })
  const change = db().request.update({ where: { id }, data: { facts: {} } })
  await expect(change).rejects.toThrow(/not changed afterwards/)

  await expect(submitRequest(actor, aSubmission({ reason: 'short' }))).rejects.toMatchObject({
    code: 'guardrail-violation',
  })
  const [refusal] = await refusalsOf(actor.person.id)
  expect(refusal?.data).toMatchObject({
    errors: [{ code: 'reason-too-short' }],
    matched: [],
    asked: { reason: 'short', durationSeconds: 1800, facts: seen },
  })
})

test('a refused ask that is too large to be kept is recorded without what was asked', async () => {
  const actor = await anActor({ groups: ['search-dev'] })
  const names = Array.from({ length: 64 }, (_, index) => `${'x'.repeat(240)}${index}`)
  const rule = { apiGroups: [''], resources: ['pods'], verbs: ['escalate'], resourceNames: names }
  const rules = [rule, { ...rule, verbs: ['bind'] }]
  const asked = aSubmission({ entitlement: 'search-debug', namespaces: ['search'], rules })
  await expect(submitRequest(actor, asked)).rejects.toMatchObject({ code: 'guardrail-violation' })
  const [refusal] = await refusalsOf(actor.person.id)
  expect(refusal?.data).toMatchObject({ code: 'rules-outside-ceiling' })
  expect(refusal?.data).not.toHaveProperty('submission')
})
