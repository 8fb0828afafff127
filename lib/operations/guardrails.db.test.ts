import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { savePods } from '#lib/adapters/db/clusters/save-cluster-state'
import type { PersonActor } from '#lib/core/access/actor'
import type { PodFacts } from '#lib/core/access/pod-facts'
import type { Submission } from '#lib/core/access/request'
import { getRequest } from '#lib/views/get-request'
import { inboxCount } from '#lib/views/inbox-count'
import { listRequests } from '#lib/views/list-requests'
import { previewRequest } from '#lib/views/preview-request'
import { testBench } from '#testing/bench'
import { decide } from '#testing/decisions'
import { eventsWhere, lastEventData } from '#testing/events'
import { anActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aSubmission } from '#testing/requests'
import { submitRequest } from './submit-request.ts'

const bench = await testBench()
const { mina, jonas, priya } = await companyActors('mina', 'jonas', 'priya')
const security = await anActor({ groups: ['security'] })

const guard = (guardrail: object) => bench.guard({ when: "rules.exists(r, 'patch' in r.verbs)", ...guardrail })
const submit = (overrides: Partial<Submission> = {}) => submitRequest(mina, aSubmission(overrides))
const preview = (overrides: Partial<Submission> = {}) => previewRequest(mina, aSubmission(overrides))
const statusAfterApproval = async (actor: PersonActor, request: { id: string; digest: string }) =>
  (await decide(actor, request)).status
/** The dry run and the submission report the same violations. */
async function expectRefused(overrides: Partial<Submission>, expected: { code: string; pointer: string }[]) {
  expect((await preview(overrides)).verdict.violations).toMatchObject(expected)
  const errors = expected.map(({ pointer }) => ({ pointer }))
  expect(await rejectionOf(submit(overrides))).toMatchObject({ code: 'guardrail-violation', errors })
}
const stepsOf = ({ steps }: { steps: Array<{ groups: readonly string[]; count: number }> }) =>
  steps.map(({ groups, count }) => `${count} of ${groups.join(', ')}`)

describe('on submission', () => {
  test('a request that a guardrail denies is refused with its message and recorded under its name', async () => {
    await guard({ effect: 'deny', match: { namespaces: ['checkout*'] }, message: 'Checkout is left alone.' })
    await expectRefused({ namespaces: ['checkout', 'payments'] }, [{ code: 'calm', pointer: '/namespaces/0' }])
    const refusal = await lastEventData({ type: 'request.refused', actorId: mina.person.id })
    expect(refusal).toMatchObject({ code: 'calm', sentence: 'Checkout is left alone.' })
    expect((await submit()).status).toBe('pending')
  })

  test('a warning is stored with the request and its approval, and blocks neither', async () => {
    await guard({ effect: 'warn', message: 'Tell the channel.' })
    const request = await submit()
    const { verdict } = await getRequest(priya, request.id)
    await decide(priya, request)
    const decision = await lastEventData({ requestId: request.id, type: 'decision.made' })
    expect(decision).toMatchObject({ judged: { warnings: [{ code: 'calm', sentence: 'Tell the channel.' }] } })
    const warnings = [{ code: 'calm', pointer: '/rules', sentence: 'Tell the channel.' }]
    expect([verdict.violations, verdict.warnings]).toEqual([[], warnings])
  })

  test('a required ticket and a longer reason are violations until they are given', async () => {
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

  test('a request longer than a guardrail allows is refused, and the dry run names the longest duration', async () => {
    await guard({ effect: 'limit', limit: { maxDuration: 'PT20M' } })
    await expectRefused({}, [{ code: 'calm', pointer: '/duration' }])
    const { maxDuration, verdict } = await preview()
    expect([maxDuration, verdict.maxDuration, verdict.matched]).toEqual(['PT20M', 'PT20M', ['calm']])
    expect((await submit({ durationSeconds: 1200 })).status).toBe('pending')
  })

  test('the verdict on a request that only its time violates says when it would pass, and the request passes then', async () => {
    // Until tomorrow, so that it also holds when a day ends meanwhile.
    const [today = '', tomorrow = ''] = [0, 86_400_000].map((ms) =>
      new Date(Date.now() + ms).toISOString().slice(0, 10),
    )
    await guard({ effect: 'limit', limit: { freezes: [{ name: 'Sale', from: today, to: tomorrow, zone: 'UTC' }] } })
    await expectRefused({}, [{ code: 'calm', pointer: '/startsAt' }])
    const { passesNextAt } = (await preview()).verdict
    expect(passesNextAt).toBe(new Date(Date.parse(tomorrow) + 86_400_000).toISOString())
    const startsAt = new Date(passesNextAt ?? 0)
    expect((await submit({ startsAt })).status).toBe('pending')
    // With another violation waiting would not help, so no time is promised.
    expect((await preview({ durationSeconds: 999_999 })).verdict.passesNextAt).toBeNull()
  })

  test('rules that are not chosen yet are one violation', async () => {
    const { verdict } = await previewRequest(
      jonas,
      aSubmission({ entitlement: 'search-debug', namespaces: ['search'] }),
    )
    expect(verdict.violations.map(({ code }) => code)).toEqual(['rules-missing'])
  })

  test('a request for which a guardrail cannot be evaluated is refused', async () => {
    await guard({ effect: 'deny', when: "cluster.labels['tier'] == 'gold'" })
    await expectRefused({}, [{ code: 'calm', pointer: '' }])
  })

  test('the dry run, the list and the request show the same risk', async () => {
    const secrets = aSubmission({ entitlement: 'payments-secrets', ticket: 'SEC-1' })
    const { risk } = await previewRequest(mina, secrets)
    expect(risk.severity).toBe('high')
    expect(risk.findings[0]?.sentence).toMatch(/secret/i)
    const { id } = await submitRequest(mina, secrets)
    expect((await getRequest(priya, id)).risk).toEqual(risk)
    const { items } = await listRequests(mina, { role: 'mine' })
    expect(items.find((item) => item.id === id)?.risk).toEqual(risk)
  })
})

describe('required approvals', () => {
  const require = { approvals: [{ groups: ['security'], count: 1 }] }

  test('the approval steps of a guardrail are added to those of the entitlement', async () => {
    await guard({ effect: 'require', require })
    const expected = ['1 of payments-leads', '1 of security']
    expect(stepsOf(await preview())).toEqual(expected)
    const before = await inboxCount(security)
    const request = await submit()
    const shown = await getRequest(security, request.id)
    expect(stepsOf(shown)).toEqual(expected)
    expect(await inboxCount(security)).toBe(before + 1)
    expect(shown.can.decide).toEqual({ may: true })
    expect(shown.steps[1]?.eligible).toMatchObject([{ id: security.person.id }])
    expect(await statusAfterApproval(priya, request)).toBe('pending')
    expect(await statusAfterApproval(security, request)).toBe('approved')
  })

  test('a guardrail can require an approval where the entitlement requires none', async () => {
    const logs = { entitlement: 'payments-logs' }
    expect((await submit(logs)).status).toBe('approved')
    await guard({ effect: 'require', require, when: "rules.exists(r, 'pods/log' in r.resources)" })
    const request = await submit(logs)
    expect(request.status).toBe('pending')
    expect(await db().grant.count({ where: { requestId: request.id } })).toBe(0)
    expect(await statusAfterApproval(security, request)).toBe('approved')
  })

  test('a guardrail that requires two approvers needs approvals from two people', async () => {
    await guard({ effect: 'require', require: { approvers: 2 } })
    const request = await submit()
    expect(await statusAfterApproval(priya, request)).toBe('pending')
    expect(await statusAfterApproval(await anActor({ groups: ['payments-leads'] }), request)).toBe('approved')
  })

  test('an approver required by a guardrail can still approve that step after the guardrail is gone', async () => {
    await guard({ effect: 'require', require })
    const request = await submit()
    await bench.guard()
    expect(await inboxCount(security)).toBeGreaterThan(0)
    expect(await statusAfterApproval(security, request)).toBe('pending')
    expect(await statusAfterApproval(priya, request)).toBe('approved')
  })
})

describe('facts about the submission and the requester', () => {
  const logs = { entitlement: 'payments-logs' }
  const inBrowser = (actor: PersonActor): PersonActor => ({ ...actor, origin: { ...actor.origin, via: 'browser' } })

  test('where a request came from is recorded, and does not change when it is decided elsewhere', async () => {
    await guard({ effect: 'deny', when: "request.via != 'browser'", message: 'Use the page.' })
    await expectRefused({}, [{ code: 'calm', pointer: '' }])
    const request = await submitRequest(inBrowser(mina), aSubmission())
    const { facts } = await db().request.findUniqueOrThrow({ where: { id: request.id } })
    expect(facts).toMatchObject({ via: 'browser' })
    expect(priya.origin.via).toBe('api')
    expect(await statusAfterApproval(priya, request)).toBe('approved')
  })

  test('a request that names an agent comes from an agent, wherever it is submitted', async () => {
    await guard({ effect: 'deny', when: "request.via == 'agent'", message: 'Request it yourself.' })
    const named = { agent: 'claude-code 2.1' }
    await expectRefused(named, [{ code: 'calm', pointer: '' }])
    expect(await lastEventData({ type: 'request.refused', actorId: mina.person.id })).toMatchObject(named)
    const refused = submitRequest(inBrowser(mina), aSubmission(named))
    expect(await rejectionOf(refused)).toMatchObject({ code: 'guardrail-violation' })
    expect((await submitRequest(mina, aSubmission())).status).toBe('pending')
  })

  test('an agent is part of the digest that an approval binds to, and of the signed request', async () => {
    await bench.guard()
    const own = await submitRequest(mina, aSubmission())
    const request = await submitRequest(mina, aSubmission({ agent: 'claude-code 2.1' }))
    expect(request.digest).not.toBe(own.digest)
    expect(await statusAfterApproval(priya, { ...request, digest: own.digest }).catch(({ code }) => code)).toBe(
      'digest-mismatch',
    )
    await expect(db().request.update({ where: { id: request.id }, data: { agent: null } })).rejects.toThrow(
      /a submitted request cannot be changed/,
    )
    expect(await statusAfterApproval(priya, request)).toBe('approved')
    expect(await eventsWhere({ requestId: request.id, type: 'request.submitted' })).toMatchObject([
      { data: { agent: 'claude-code 2.1', digest: request.digest } },
    ])
  })

  test('grants of the same person for the same entitlement count against a quota', async () => {
    const person = await anActor({ groups: mina.person.groups })
    await guard({ effect: 'deny', when: 'history.grants.size() >= 2' })
    const submitLogs = () => submitRequest(person, aSubmission(logs))
    expect([(await submitLogs()).status, (await submitLogs()).status]).toEqual(['approved', 'approved'])
    expect(await rejectionOf(submitLogs())).toMatchObject({ code: 'guardrail-violation' })
    expect((await submitRequest(person, aSubmission())).status).toBe('pending')
    expect((await submitRequest(await anActor({ groups: mina.person.groups }), aSubmission(logs))).status).toBe(
      'approved',
    )
  })

  test('of several requests that wait at once, only as many as the quota allows can be approved', async () => {
    const person = await anActor({ groups: mina.person.groups })
    await guard({ effect: 'deny', when: 'history.grants.size() >= 1' })
    const first = await submitRequest(person, aSubmission())
    const second = await submitRequest(person, aSubmission())
    expect(await statusAfterApproval(priya, second)).toBe('approved')
    expect(await rejectionOf(decide(priya, first))).toMatchObject({ code: 'guardrail-violation' })
  })

  test('earlier requests count, and the request itself does not', async () => {
    const person = await anActor({ groups: mina.person.groups })
    await guard({ effect: 'deny', when: "history.requests.exists(at, now - at < duration('1h'))" })
    const request = await submitRequest(person, aSubmission())
    expect(await rejectionOf(submitRequest(person, aSubmission()))).toMatchObject({ code: 'guardrail-violation' })
    expect(await statusAfterApproval(priya, request)).toBe('approved')
  })

  test("the approvers can come from the requester's own groups", async () => {
    const lead = await anActor({ groups: ['team-x-leads'] })
    const step = { groupsExpression: "requester.groups.filter(g, g.startsWith('team-')).map(g, g + '-leads')" }
    await guard({ effect: 'require', require: { approvals: [step] } })
    await expectRefused({}, [{ code: 'calm', pointer: '' }])
    const person = await anActor({ groups: [...mina.person.groups, 'team-x'] })
    const request = await submitRequest(person, aSubmission())
    expect(stepsOf(await getRequest(lead, request.id))).toEqual(['1 of payments-leads', '1 of team-x-leads'])
    expect(await statusAfterApproval(priya, request)).toBe('pending')
    expect(await statusAfterApproval(lead, request)).toBe('approved')
  })
})

describe('the pods that a request leads into', () => {
  const pod: PodFacts = {
    ...{ namespace: 'payments', name: 'web-0', labels: { app: 'web' }, serviceAccountName: 'web', mountsToken: true },
    ...{ privileged: false, hostNetwork: false, hostPID: false, hostIPC: false, hostPath: false },
    ...{ mayRunAsRoot: true, addedCapabilities: [] },
  }
  const privileged = { ...pod, name: 'agent', privileged: true }
  const shell = { entitlement: 'payments-shell' }
  const deniesPrivileged = () => bench.guard({ effect: 'deny', when: 'pods.items.exists(p, p.privileged)' })
  const codes = async (overrides: Partial<Submission>) =>
    (await preview(overrides)).verdict.violations.map(({ code }) => code)

  test('a request for a shell is refused until the pods are known, and if one of them is privileged', async () => {
    await deniesPrivileged()
    await expectRefused(shell, [{ code: 'calm', pointer: '' }])
    await savePods('prod-eu', { payments: [pod, privileged], search: [] })
    await expectRefused(shell, [{ code: 'calm', pointer: '' }])
    await savePods('prod-eu', { search: [pod] })
    await expectRefused(shell, [{ code: 'calm', pointer: '' }])
    await savePods('prod-eu', { payments: [pod] })
    expect((await submit(shell)).status).toBe('pending')
  })

  test('a request without a shell needs no pods', async () => {
    await deniesPrivileged()
    expect((await submit()).status).toBe('pending')
  })

  test.each([
    ['is older than ten minutes', (at: string) => `jsonb_set(pods, '{at}', to_jsonb(${at} - interval '11 minutes'))`],
    ['is from the future', (at: string) => `jsonb_set(pods, '{at}', to_jsonb(${at} + interval '1 minute'))`],
    ['is damaged', () => `jsonb_set(pods, '{namespaces,payments,0,privileged}', '"no"')`],
  ])('a reading that %s counts as unknown', async (_, changed) => {
    await deniesPrivileged()
    await savePods('prod-eu', { payments: [pod] })
    expect(await codes(shell)).toEqual([])
    await db().$executeRawUnsafe(`UPDATE cluster_states SET pods = ${changed('now()')} WHERE name = 'prod-eu'`)
    expect(await codes(shell)).toEqual(['calm'])
  })

  test('pods are judged again at the decision, and a replay judges by those of the submission', async () => {
    await deniesPrivileged()
    await savePods('prod-eu', { payments: [pod] })
    const request = await submit(shell)
    await savePods('prod-eu', { payments: [privileged] })
    expect(await rejectionOf(decide(priya, request))).toMatchObject({ code: 'guardrail-violation' })
    const { facts } = await db().request.findUniqueOrThrow({ where: { id: request.id } })
    expect(facts).toMatchObject({ pods: [pod] })
    await savePods('prod-eu', { payments: [pod] })
    expect((await decide(priya, request)).status).toBe('approved')
  })

  test('nothing of pods is read or recorded if no guardrail needs them', async () => {
    await savePods('prod-eu', { payments: [privileged] })
    const request = await submit(shell)
    const { facts } = await db().request.findUniqueOrThrow({ where: { id: request.id } })
    expect(facts).not.toHaveProperty('pods')
  })
})

describe('on approval', () => {
  const lastRefusal = (requestId: string) => lastEventData({ requestId, type: 'decision.refused' })

  test('a request that a new guardrail denies cannot be approved, only denied', async () => {
    const request = await submit()
    await guard({ effect: 'deny' })
    const message = expect.stringContaining('Calm is kept.')
    expect(await rejectionOf(decide(priya, request))).toMatchObject({ code: 'guardrail-violation', message })
    expect(await lastRefusal(request.id)).toMatchObject({ code: 'calm' })
    expect((await decide(priya, request, { decision: 'deny' })).status).toBe('denied')
  })

  test('a request for which a new guardrail requires more approvals cannot be approved', async () => {
    const request = await submit()
    await guard({ effect: 'require', require: { approvals: [{ groups: ['security'] }] } })
    const message = expect.stringContaining('now requires one more approval from security')
    expect(await rejectionOf(decide(priya, request))).toMatchObject({ code: 'conflict', message })
    expect(await lastRefusal(request.id)).toMatchObject({ code: 'approvals-missing' })
  })

  test('a request of which a new guardrail denies a part can be approved without that part', async () => {
    const request = await submit({ namespaces: ['payments', 'checkout'] })
    await guard({ effect: 'deny', match: { namespaces: ['checkout'] } })
    expect(await rejectionOf(decide(priya, request))).toMatchObject({ code: 'guardrail-violation' })
    expect((await decide(priya, request, { narrow: { namespaces: ['payments'] } })).status).toBe('approved')
  })
})
