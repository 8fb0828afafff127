import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { PersonActor } from '#lib/core/access/actor'
import type { Submission } from '#lib/core/access/request'
import { getRequest } from '#lib/views/get-request'
import { inboxCount } from '#lib/views/inbox-count'
import { listRequests } from '#lib/views/list-requests'
import { previewRequest } from '#lib/views/preview-request'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState } from '#testing/requests'
import { decideRequest } from './decide-request.ts'
import { submitRequest } from './submit-request.ts'

const database = await testDatabase()
const policy = await testPolicy()
let mina: PersonActor
let lead: PersonActor
let security: PersonActor
beforeAll(async () => {
  await aClusterState()
  mina = await anActor()
  lead = await anActor({ groups: ['payments-leads'] })
  security = await anActor({ groups: ['security'] })
})
afterEach(() => policy.change(aConfiguration()))
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const patches = "rules.exists(r, 'patch' in r.verbs)"
const guard = (guardrail: object) =>
  policy.change(
    aConfiguration({ guardrails: [{ name: 'calm', description: 'Calm is kept.', when: patches, ...guardrail }] }),
  )
const aSubmission = (overrides: Partial<Submission> = {}): Submission => ({
  entitlement: 'payments-restart',
  cluster: 'prod-eu',
  namespaces: ['payments'],
  reason: 'the checkout pods hang since the last deploy',
  durationSeconds: 1800,
  ...overrides,
})
const submit = (overrides: Partial<Submission> = {}) => submitRequest(mina, aSubmission(overrides))
const preview = (overrides: Partial<Submission> = {}) => previewRequest(mina, aSubmission(overrides))
const approve = (actor: PersonActor, { id, digest }: { id: string; digest: string }, narrow?: object) =>
  decideRequest(actor, id, { decision: 'approve', digest, ...(narrow ? { narrow } : {}) })
/** The dry run and the submission say the same. */
async function expectRefused(overrides: Partial<Submission>, expected: { code: string; pointer: string }[]) {
  expect((await preview(overrides)).verdict.violations).toMatchObject(expected)
  const errors = expected.map(({ pointer }) => ({ pointer }))
  expect(await rejectionOf(submit(overrides))).toMatchObject({ code: 'guardrail-violation', errors })
}
const stepsOf = async (id: string) =>
  (await getRequest(lead, id)).steps.map(({ groups, count }) => `${count} of ${groups.join(', ')}`)

describe('asking', () => {
  test('what is denied is refused with its sentence, recorded under its name, and passes elsewhere', async () => {
    await guard({ effect: 'deny', match: { namespaces: ['checkout*'] }, message: 'Checkout is left alone.' })
    await expectRefused({ namespaces: ['checkout', 'payments'] }, [{ code: 'calm', pointer: '/namespaces/0' }])
    const refusal = { type: 'request.refused', actorId: mina.person.id }
    const event = await db().auditEvent.findFirst({ where: refusal, orderBy: { seq: 'desc' } })
    expect(event?.data).toMatchObject({ code: 'calm', sentence: 'Checkout is left alone.' })
    expect((await submit()).status).toBe('pending')
  })

  test('a warning is kept with the request and hinders nobody', async () => {
    await guard({ effect: 'warn', message: 'Tell the channel.' })
    const { id } = await submit()
    const { verdict } = await getRequest(lead, id)
    const { digest } = await getRequest(lead, id)
    await approve(lead, { id, digest })
    const made = await db().auditEvent.findFirst({ where: { requestId: id, type: 'decision.made' } })
    expect(made?.data).toMatchObject({ judged: { warnings: [{ code: 'calm', sentence: 'Tell the channel.' }] } })
    expect([verdict.violations, verdict.warnings]).toEqual([
      [],
      [{ code: 'calm', pointer: '/rules', sentence: 'Tell the channel.' }],
    ])
  })

  test('what needs a ticket and a longer reason says so before they are there, and passes with them', async () => {
    const require = { ticket: { pattern: '^OPS-[0-9]+$' }, reasonMinLength: 60 }
    await guard({ effect: 'require', require })
    await expectRefused({}, [
      { code: 'calm', pointer: '/ticket' },
      { code: 'calm', pointer: '/reason' },
    ])
    expect((await preview()).verdict.requirements).toMatchObject({
      ...{ ticketRequired: true, ticketPatterns: ['^OPS-[0-9]+$'], reasonMinLength: 60 },
    })
    const reason = 'the checkout pods hang since the last deploy, see the board of the incident'
    await expectRefused({ reason, ticket: 'WEB-1' }, [{ code: 'calm', pointer: '/ticket' }])
    expect((await submit({ reason, ticket: 'OPS-1' })).status).toBe('pending')
  })

  test('what is limited is refused beyond the limit, and the dry run knows the limit', async () => {
    await guard({ effect: 'limit', limit: { maxDuration: 'PT20M' } })
    await expectRefused({}, [{ code: 'calm', pointer: '/duration' }])
    const { maxDuration, verdict } = await preview()
    expect([maxDuration, verdict.maxDuration, verdict.matched]).toEqual(['PT20M', 'PT20M', ['calm']])
    expect((await submit({ durationSeconds: 1200 })).status).toBe('pending')
  })

  test('where only hours are in the way, the moment at which it would pass is said, and it passes then', async () => {
    const today = new Date().toISOString().slice(0, 10)
    await guard({ effect: 'limit', limit: { freezes: [{ name: 'Sale', from: today, to: today, zone: 'UTC' }] } })
    await expectRefused({}, [{ code: 'calm', pointer: '/startsAt' }])
    const { passesNextAt } = (await preview()).verdict
    expect(passesNextAt).toBe(new Date(Date.parse(today) + 86_400_000).toISOString())
    const startsAt = new Date(passesNextAt ?? 0)
    expect((await submit({ startsAt })).status).toBe('pending')
    // Something else is wrong besides: then waiting does not help, and nothing is promised.
    expect((await preview({ durationSeconds: 999_999 })).verdict.passesNextAt).toBeNull()
  })

  test('rules that are not chosen yet are told once', async () => {
    const sera = await anActor({ groups: ['search-dev'] })
    const { verdict } = await previewRequest(sera, aSubmission({ entitlement: 'search-debug', namespaces: ['search'] }))
    expect(verdict.violations.map(({ code }) => code)).toEqual(['rules-missing'])
  })

  test('a guardrail that fails on a request refuses it', async () => {
    await guard({ effect: 'deny', when: "cluster.labels['tier'] == 'gold'" })
    await expectRefused({}, [{ code: 'calm', pointer: '' }])
  })

  test('the risk of the rules is said with the dry run, the list and the request', async () => {
    const secrets = aSubmission({ entitlement: 'payments-secrets', ticket: 'SEC-1' })
    const { risk } = await previewRequest(mina, secrets)
    expect(risk.severity).toBe('high')
    expect(risk.findings[0]?.sentence).toBeTruthy()
    const { id } = await submitRequest(mina, secrets)
    expect((await getRequest(lead, id)).risk).toEqual(risk)
    const { items } = await listRequests(mina, { role: 'mine' })
    expect(items.find((item) => item.id === id)?.risk).toEqual(risk)
  })
})

describe('who must approve', () => {
  const require = { approvals: [{ groups: ['security'], count: 1 }] }

  test('is the entitlement and the guardrail together, in the dry run and on the request', async () => {
    await guard({ effect: 'require', require })
    const expected = ['1 of payments-leads', '1 of security']
    expect((await preview()).steps.map(({ groups, count }) => `${count} of ${groups.join(', ')}`)).toEqual(expected)
    const before = await inboxCount(security)
    const asked = await submit()
    expect(await stepsOf(asked.id)).toEqual(expected)
    expect(await inboxCount(security)).toBe(before + 1)
    expect((await getRequest(security, asked.id)).can.decide).toEqual({ may: true })
    expect((await getRequest(lead, asked.id)).steps[1]?.eligible).toMatchObject([{ id: security.person.id }])
    expect((await approve(lead, asked)).status).toBe('pending')
    expect((await approve(security, asked)).status).toBe('approved')
  })

  test('is somebody also where the entitlement needs nobody', async () => {
    const logs = { entitlement: 'payments-logs' }
    expect((await submit(logs)).status).toBe('approved')
    await guard({ effect: 'require', require, when: "rules.exists(r, 'pods/log' in r.resources)" })
    const asked = await submit(logs)
    expect(asked.status).toBe('pending')
    expect(await db().grant.count({ where: { requestId: asked.id } })).toBe(0)
    expect((await approve(security, asked)).status).toBe('approved')
  })

  test('is more than one where a guardrail wants several people', async () => {
    await guard({ effect: 'require', require: { approvers: 2 } })
    const asked = await submit()
    expect((await approve(lead, asked)).status).toBe('pending')
    const other = await anActor({ groups: ['payments-leads'] })
    expect((await approve(other, asked)).status).toBe('approved')
  })

  test('who was named by a guardrail may still give their word when it is gone, and only for their step', async () => {
    await guard({ effect: 'require', require })
    const asked = await submit()
    await policy.change(aConfiguration())
    expect(await inboxCount(security)).toBeGreaterThan(0)
    expect((await approve(security, asked)).status).toBe('pending')
    expect((await approve(lead, asked)).status).toBe('approved')
  })
})

describe('deciding', () => {
  test('what has come to be denied cannot be approved, and can be denied', async () => {
    const asked = await submit()
    await guard({ effect: 'deny' })
    expect(await rejectionOf(approve(lead, asked))).toMatchObject({
      code: 'guardrail-violation',
      message: expect.stringContaining('Calm is kept.'),
    })
    const event = { requestId: asked.id, type: 'decision.refused' }
    expect((await db().auditEvent.findFirst({ where: event }))?.data).toMatchObject({ code: 'calm' })
    const denied = await decideRequest(lead, asked.id, { decision: 'deny', digest: asked.digest })
    expect(denied.status).toBe('denied')
  })

  test('what has come to need more people cannot be approved as it stands', async () => {
    const asked = await submit()
    await guard({ effect: 'require', require: { approvals: [{ groups: ['security'] }] } })
    expect(await rejectionOf(approve(lead, asked))).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('now requires one more approval from security'),
    })
    const event = { requestId: asked.id, type: 'decision.refused' }
    expect((await db().auditEvent.findFirst({ where: event }))?.data).toMatchObject({ code: 'approvals-missing' })
  })

  test('less may be approved where only the more of it is denied', async () => {
    const asked = await submit({ namespaces: ['payments', 'checkout'] })
    await guard({ effect: 'deny', match: { namespaces: ['checkout'] } })
    expect(await rejectionOf(approve(lead, asked))).toMatchObject({ code: 'guardrail-violation' })
    expect((await approve(lead, asked, { namespaces: ['payments'] })).status).toBe('approved')
  })
})
