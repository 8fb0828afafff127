import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { PersonActor } from '#lib/core/access/actor'
import { type DecisionInput, type Submission, submissionSchema } from '#lib/core/access/request'
import { previewRequest } from '#lib/views/preview-request'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState } from '#testing/requests'
import { decideRequest } from './decide-request.ts'
import { submitRequest } from './submit-request.ts'

// What people try who are inside already: they may ask, or approve, and want more than that.

const everywhere = anEntitlementDocument({ name: 'everywhere', namespaces: ['*'] })
const labelled = anEntitlementDocument({
  name: 'labelled',
  namespaces: undefined,
  namespaceSelector: { environment: 'prod' },
})
const twoYes = anEntitlementDocument({ name: 'two-yes', approvals: [{ groups: ['payments-leads'], count: 2 }] })
const configuration = aConfiguration({ entitlements: [everywhere, labelled, twoYes, anEntitlementDocument()] })
const ours = ['postern-system', 'postern-grants']

const database = await testDatabase()
const policy = await testPolicy(configuration)
const asking = { subject: 'ada', groups: ['payments-dev'], email: 'ada@example.com' }
let ada: PersonActor
let lead: PersonActor
beforeAll(async () => {
  const named = (name: string, environment: string) => ({ name, labels: { environment } })
  await aClusterState({
    namespaces: [
      ...['payments', 'checkout', ...ours, 'kube-system'].map((name) => named(name, 'prod')),
      named('laboratory', 'test'),
    ],
  })
  ada = await anActor(asking)
  lead = await anActor({ groups: ['payments-leads'] })
})
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
const ask = (overrides: Partial<Submission> = {}, actor = ada) => submitRequest(actor, aSubmission(overrides))
const decide = (actor: PersonActor, id: string, input: Partial<DecisionInput> & { digest: string }) =>
  decideRequest(actor, id, { decision: 'approve', ...input })
const decisionsOn = (requestId: string) => db().decision.count({ where: { requestId } })

describe('nobody decides their own request', () => {
  test('by a group that they came to be in after asking', async () => {
    const { id, digest } = await ask()
    const promoted = await anActor({ ...asking, groups: ['payments-dev', 'payments-leads'] })
    expect(await rejectionOf(decide(promoted, id, { digest }))).toMatchObject({ code: 'forbidden' })
    expect(await decisionsOn(id)).toBe(0)
  })

  test('by leaving the group that asked for the one that approves', async () => {
    const { id, digest } = await ask()
    const moved = await anActor({ ...asking, groups: ['payments-leads'] })
    expect(await rejectionOf(decide(moved, id, { digest }))).toMatchObject({ code: 'forbidden' })
    await anActor(asking)
  })

  test('by narrowing it, which would make of it something of theirs and the approver’s', async () => {
    const { id, digest } = await ask()
    const promoted = await anActor({ ...asking, groups: ['payments-dev', 'payments-leads'] })
    const narrow = { durationSeconds: 600 }
    expect(await rejectionOf(decide(promoted, id, { digest, narrow }))).toMatchObject({ code: 'forbidden' })
    await anActor(asking)
  })

  test('an approver who has narrowed a request counts once for what they made of it', async () => {
    const { id, digest } = await ask({ entitlement: 'two-yes' })
    const narrowed = await decide(lead, id, { digest, narrow: { durationSeconds: 600 } })
    expect(narrowed.status).toBe('pending')
    expect(await rejectionOf(decide(lead, id, { digest: narrowed.digest }))).toMatchObject({ code: 'conflict' })
    expect(await decisionsOn(id)).toBe(1)
  })
})

describe('a decision binds to what was read', () => {
  test('the digest of a dry run is that of the request; that of another request is refused, though it is true', async () => {
    const preview = await previewRequest(ada, aSubmission())
    const small = await ask({ durationSeconds: 600 })
    const large = await ask()
    expect(preview.digest).toBe(large.digest)
    const swapped = await rejectionOf(decide(lead, large.id, { digest: small.digest }))
    expect(swapped.code).toBe('digest-mismatch')
    expect(await decisionsOn(large.id)).toBe(0)
  })

  test('a decision that is sent again is counted once, and so is its no', async () => {
    for (const decision of ['approve', 'deny'] as const) {
      const { id, digest } = await ask({ entitlement: 'two-yes' })
      await decide(lead, id, { digest, decision })
      expect(await rejectionOf(decide(lead, id, { digest, decision }))).toMatchObject({ code: 'conflict' })
      expect(await decisionsOn(id)).toBe(1)
    }
  })

  test('a yes after the yes that decided moves nothing: not the grant, not its length', async () => {
    const { id, digest } = await ask()
    await decide(lead, id, { digest })
    const before = await db().grant.findUniqueOrThrow({ where: { requestId: id } })
    const second = await anActor({ groups: ['payments-leads'] })
    for (const actor of [lead, second])
      expect(await rejectionOf(decide(actor, id, { digest }))).toMatchObject({ code: 'conflict' })
    expect(await db().grant.findMany({ where: { requestId: id } })).toEqual([before])
  })
})

describe('a namespace', () => {
  const violationsOf = async (overrides: Partial<Submission>) => {
    const { violations } = (await previewRequest(ada, aSubmission(overrides))).verdict
    const error = await rejectionOf(ask(overrides))
    expect(error.errors.map(({ message }) => message)).toEqual(violations.map(({ sentence }) => sentence))
    return violations
  }

  test('of Postern’s own is nobody’s to ask for, where a glob or a label would reach it', async () => {
    for (const entitlement of ['everywhere', 'labelled'])
      for (const namespace of ours)
        expect(await violationsOf({ entitlement, namespaces: ['payments', namespace] })).toContainEqual(
          expect.objectContaining({ code: 'namespace-protected', pointer: '/namespaces/1' }),
        )
  })

  test('of Kubernetes itself is not meant by a glob', async () => {
    expect(await violationsOf({ entitlement: 'everywhere', namespaces: ['kube-system'] })).toContainEqual(
      expect.objectContaining({ code: 'namespace-not-covered' }),
    )
  })

  test('is a name: what could reach further than one is refused before anybody looks at it', () => {
    const tricks = [
      '*',
      'pay*',
      'payments,search',
      '../postern-system',
      'payments/',
      'payments%2fsearch',
      '',
      ' payments',
    ]
    const spellings = [
      'payments\n',
      'Payments',
      'pаyments',
      'payments\u200b',
      '-payments',
      'p'.repeat(64),
      'a.b',
      '?',
      '[a-z]',
    ]
    for (const name of [...tricks, ...spellings])
      expect(
        submissionSchema.safeParse({ ...aSubmission(), duration: 'PT30M', namespaces: [name] }).success,
        name,
      ).toBe(false)
  })

  test('that carries other labels reads like one that is not there, also where a guardrail looks at labels', async () => {
    const guardrail = {
      name: 'no-tests',
      description: 'What is for tests is nobody’s to change.',
      effect: 'deny',
      message: 'Nobody works there.',
      when: `namespaceObject.metadata.labels.environment == 'test'`,
    }
    const told = async (name: string) =>
      JSON.stringify(await violationsOf({ entitlement: 'labelled', namespaces: [name] }))
    const both = async () => [await told('laboratory'), await told('no-such-name')]
    const plain = await both()
    expect(plain[0]?.replaceAll('laboratory', '*')).toBe(plain[1]?.replaceAll('no-such-name', '*'))
    await policy.change({ ...configuration, guardrails: [guardrail] })
    const guarded = await both()
    await policy.change(configuration)
    expect(guarded[0]?.replaceAll('laboratory', '*')).toBe(guarded[1]?.replaceAll('no-such-name', '*'))
  })
})
