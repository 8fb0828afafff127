import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { type Submission, submissionSchema } from '#lib/core/access/request'
import { previewRequest } from '#lib/views/preview-request'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { anActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aSubmission } from '#testing/requests'
import { submitRequest } from './submit-request.ts'

// What insiders try: people who may request or approve access, and want more than that.

const everywhere = anEntitlementDocument({ name: 'everywhere', namespaces: ['*'] })
const labelled = anEntitlementDocument({
  name: 'labelled',
  namespaces: undefined,
  namespaceSelector: { environment: 'prod' },
})
const twoApprovals = anEntitlementDocument({
  name: 'two-approvals',
  approvals: [{ groups: ['payments-leads'], count: 2 }],
})
const posternsOwn = ['postern-system', 'postern-grants']
const inEnvironment = (environment: string, ...names: string[]) =>
  names.map((name) => ({ name, labels: { environment } }))

const { guard } = await testBench({
  configuration: aConfiguration({ entitlements: [everywhere, labelled, twoApprovals, anEntitlementDocument()] }),
  clusterState: {
    namespaces: [
      ...inEnvironment('prod', 'payments', 'checkout', ...posternsOwn, 'kube-system'),
      ...inEnvironment('test', 'laboratory'),
    ],
  },
})
const account = { subject: 'ada', groups: ['payments-dev'], email: 'ada@example.com' }
const ada = await anActor(account)
const { priya } = await companyActors('priya')

const submit = (overrides: Partial<Submission> = {}) => submitRequest(ada, aSubmission(overrides))
const decisionsOn = ({ id }: { id: string }) => db().decision.count({ where: { requestId: id } })

describe('no one decides their own request', () => {
  test('a requester who joins the approving group afterwards cannot decide their request', async () => {
    const request = await submit()
    const promoted = await anActor({ ...account, groups: ['payments-dev', 'payments-leads'] })
    expect(await rejectionOf(decide(promoted, request))).toMatchObject({ code: 'forbidden' })
    expect(await decisionsOn(request)).toBe(0)
  })

  test('a requester who moves to the approving group cannot decide their request', async () => {
    const request = await submit()
    const moved = await anActor({ ...account, groups: ['payments-leads'] })
    expect(await rejectionOf(decide(moved, request))).toMatchObject({ code: 'forbidden' })
    await anActor(account)
  })

  test('a requester who becomes an approver cannot decide their request by narrowing it', async () => {
    const request = await submit()
    const promoted = await anActor({ ...account, groups: ['payments-dev', 'payments-leads'] })
    const narrow = { durationSeconds: 600 }
    expect(await rejectionOf(decide(promoted, request, { narrow }))).toMatchObject({ code: 'forbidden' })
    await anActor(account)
  })

  test('an approver who has narrowed a request cannot approve the narrowed terms a second time', async () => {
    const request = await submit({ entitlement: 'two-approvals' })
    const narrowed = await decide(priya, request, { narrow: { durationSeconds: 600 } })
    expect(narrowed.status).toBe('pending')
    expect(await rejectionOf(decide(priya, { ...request, ...narrowed }))).toMatchObject({ code: 'conflict' })
    expect(await decisionsOn(request)).toBe(1)
  })
})

describe('a decision binds to the terms that its author read', () => {
  test('a dry run and its request have the same digest, and the digest of another request is refused', async () => {
    const preview = await previewRequest(ada, aSubmission())
    const small = await submit({ durationSeconds: 600 })
    const large = await submit()
    expect(preview.digest).toBe(large.digest)
    const swapped = await rejectionOf(decide(priya, large, { digest: small.digest }))
    expect(swapped.code).toBe('digest-mismatch')
    expect(await decisionsOn(large)).toBe(0)
  })

  test.each(['approve', 'deny'] as const)('a decision to %s that is sent twice counts once', async (decision) => {
    const request = await submit({ entitlement: 'two-approvals' })
    await decide(priya, request, { decision })
    expect(await rejectionOf(decide(priya, request, { decision }))).toMatchObject({ code: 'conflict' })
    expect(await decisionsOn(request)).toBe(1)
  })

  test('an approval after the last required one changes neither the grant nor its duration', async () => {
    const request = await submit()
    await decide(priya, request)
    const where = { requestId: request.id }
    const before = await db().grant.findUniqueOrThrow({ where })
    for (const actor of [priya, await anActor({ groups: ['payments-leads'] })])
      expect(await rejectionOf(decide(actor, request))).toMatchObject({ code: 'conflict' })
    expect(await db().grant.findMany({ where })).toEqual([before])
  })
})

describe('namespaces', () => {
  const violationsOf = async (overrides: Partial<Submission>) => {
    const { violations } = (await previewRequest(ada, aSubmission(overrides))).verdict
    const error = await rejectionOf(submit(overrides))
    expect(error.errors.map(({ message }) => message)).toEqual(violations.map(({ sentence }) => sentence))
    return violations
  }

  test('Postern’s own namespaces cannot be requested, even where a glob or a label covers them', async () => {
    const violation = expect.objectContaining({ code: 'namespace-protected', pointer: '/namespaces/1' })
    for (const entitlement of ['everywhere', 'labelled'])
      for (const namespace of posternsOwn)
        expect(await violationsOf({ entitlement, namespaces: ['payments', namespace] })).toContainEqual(violation)
  })

  test('a glob does not cover the namespaces of Kubernetes itself', async () => {
    const violation = expect.objectContaining({ code: 'namespace-not-covered' })
    expect(await violationsOf({ entitlement: 'everywhere', namespaces: ['kube-system'] })).toContainEqual(violation)
  })

  test('a namespace that is not one plain name is refused as malformed', () => {
    const patterns = [
      '*',
      'pay*',
      'payments,search',
      '../postern-system',
      'payments/',
      'payments%2fsearch',
      '?',
      '[a-z]',
    ]
    const spellings = ['', ' payments', 'payments\n', 'Payments', 'pаyments', 'payments\u200b', '-payments', 'a.b']
    for (const name of [...patterns, ...spellings, 'p'.repeat(64)])
      expect(
        submissionSchema.safeParse({ ...aSubmission(), duration: 'PT30M', namespaces: [name] }).success,
        name,
      ).toBe(false)
  })

  test('a namespace with other labels reads as if it did not exist, even where a guardrail reads labels', async () => {
    const readsAs = async (name: string) =>
      JSON.stringify(await violationsOf({ entitlement: 'labelled', namespaces: [name] })).replaceAll(name, '*')
    expect(await readsAs('laboratory')).toBe(await readsAs('no-such-name'))
    await guard({ effect: 'deny', when: `namespaceObject.metadata.labels.environment == 'test'` })
    expect(await readsAs('laboratory')).toBe(await readsAs('no-such-name'))
  })
})
