import { afterAll, expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { expectProblem, expectSuccess } from '#testing/call-route'
import { anEntitlementDocument } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { approvalCalls } from './approvals.testing.ts'

// Approvals by named people, by the owners of a namespace and by the requester's manager. Mina requests; Tomas is in no group
// that may approve.

const needing = (name: string, approvals: object[]) =>
  anEntitlementDocument({ name, approvals, namespaces: ['payments', 'checkout', 'search'] })
const entitlements = [
  needing('by-person', [{ people: ['Tomas+pager@example.com'] }]),
  needing('by-owner', [{ owners: true }]),
  needing('by-owner-or-group', [{ owners: true, groups: ['payments-leads'] }]),
  needing('by-manager', [{ manager: true }]),
  needing('by-group', [{ groups: ['payments-leads'] }]),
]
const owners = [
  { namespaces: ['payments'], people: ['tomas@example.com'] },
  { namespaces: ['checkout'], groups: ['payments-leads'] },
]

/** Priya may approve as the entitlement says, and Jonas only because the guardrail names her. */
const guardrail = (require: object) => ({
  ...{ name: 'second-pair-of-eyes', description: 'A named person looks at it too.', effect: 'require', require },
  match: { entitlements: ['by-group'] },
})
const guardrails = [guardrail({ approvals: [{ people: ['jonas@example.com'] }] })]

const database = await testDatabase()
const identity = await testIdentity({
  ...{ entitlements, owners, guardrails },
  managers: [{ person: 'mina@example.com', manager: 'tomas@example.com' }],
})
const { post, submit, read, approve, inboxOf } = approvalCalls(identity)
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

test.each(['by-person', 'by-owner', 'by-manager'])(
  'a request for %s is in the inbox of that person, who approves it without being in any group',
  async (entitlement) => {
    const request = await submit(entitlement)
    expect((await read(request.id, 'mina')).body.steps).toMatchObject([{ eligible: [{ name: 'Tomas Lindqvist' }] }])
    expect(await inboxOf('tomas')).toContain(request.id)
    for (const person of ['jonas', 'priya']) {
      expect(await inboxOf(person)).not.toContain(request.id)
      expectProblem(await read(request.id, person), 404, 'not-found')
    }
    const approved = await approve(request, 'tomas')
    expectSuccess(approved, endpoints.decideRequest)
    expect(approved.body.status).toBe('approved')
  },
)

test('access to namespaces of two owners needs both', async () => {
  const request = await submit('by-owner', ['payments', 'checkout'])
  expect((await approve(request, 'tomas')).body.status).toBe('pending')
  expect((await approve(request, 'priya')).body.status).toBe('approved')
})

test('a person whom only a guardrail names has the request in their inbox and approves its step', async () => {
  const request = await submit('by-group')
  expect((await read(request.id, 'mina')).body.steps).toMatchObject([
    { groups: ['payments-leads'] },
    { eligible: [{ name: 'Jonas Weber' }] },
  ])
  expect(await inboxOf('jonas')).toContain(request.id)
  expect((await approve(request, 'jonas')).body.status).toBe('pending')
  expectProblem(await approve(request, 'tomas'), 404, 'not-found')
  expect((await approve(request, 'priya')).body.status).toBe('approved')
})

test('a person whom the guardrail no longer names can’t approve the step that it added', async () => {
  const request = await submit('by-group')
  await identity.change({ entitlements, owners, guardrails: [guardrail({ approvals: [{ groups: ['security'] }] })] })
  expectProblem(await approve(request, 'jonas'), 404, 'not-found')
  await identity.change({ entitlements, owners, guardrails })
  expect((await approve(request, 'jonas')).body.status).toBe('pending')
})

test('a guardrail asks the owners of the namespaces that it matches, and the manager, who are shown and approve by name', async () => {
  const required = (...namespaces: string[]) => ({
    ...{ name: 'owner-and-manager', description: 'Those who answer for it agree.', effect: 'require' },
    ...{ match: { entitlements: ['by-group'], namespaces }, require: { approvals: [{ owners: true }] } },
  })
  const settings = { entitlements, owners, managers: [{ person: 'mina@example.com', manager: 'jonas@example.com' }] }
  const manager = guardrail({ approvals: [{ manager: true, groups: ['security'] }] })
  await identity.change({ ...settings, guardrails: [required('payments'), manager] })
  const request = await submit('by-group', ['payments', 'checkout'])
  expect((await read(request.id, 'mina')).body.steps).toMatchObject([
    { groups: ['payments-leads'] },
    { groups: ['person:tomas@example.com'], eligible: [{ name: 'Tomas Lindqvist' }] },
    { groups: ['person:jonas@example.com', 'security'], eligible: [{ name: 'Jonas Weber' }] },
  ])
  for (const person of ['tomas', 'jonas']) {
    expect(await inboxOf(person)).toContain(request.id)
    expect((await approve(request, person)).body.status).toBe('pending')
  }
  expect((await approve(request, 'priya')).body.status).toBe('approved')

  // An owner who is added keeps an earlier request as it is, and one who is removed loses their say.
  const changed = (people: string[]) =>
    identity.change({ ...settings, guardrails: [required('payments')], owners: [{ namespaces: ['payments'], people }] })
  await changed(['tomas@example.com'])
  const waiting = await submit('by-group')
  await changed(['jonas@example.com'])
  expectProblem(await approve(waiting, 'tomas'), 403, 'forbidden')
  await changed(['tomas@example.com', 'jonas@example.com'])
  expect((await approve(waiting, 'tomas')).body.status).toBe('pending')
  expect((await approve(waiting, 'priya')).body.status).toBe('approved')

  const both = guardrail({ approvals: [{ owners: true, groups: ['payments-leads'] }] })
  await identity.change({ ...settings, guardrails: [both] })
  const beside = await submit('by-group')
  expect(await inboxOf('tomas'), 'beside a step with the same groups').toContain(beside.id)
  await identity.change({ ...settings, guardrails: [required('search')] })
  const refused = await post('by-group', ['search'])
  expectProblem(refused, 422, 'guardrail-violation')
  expect((refused.body.errors as { message: string }[]).map(({ message }) => message)).toEqual([
    "Guardrail owner-and-manager couldn't be evaluated, so it counts as violated: Postern knows no one else who is an owner of search.",
  ])
  await identity.change({ entitlements, owners, guardrails })
})

test('a request that no one could approve is refused, with what is missing', async () => {
  const refused = await post('by-owner', ['search'])
  expectProblem(refused, 422, 'guardrail-violation')
  expect(refused.body.errors).toEqual([
    {
      pointer: '/namespaces',
      message:
        'No one could approve by-owner: Postern knows no one else who is an owner of search. Contact your Postern administrator.',
    },
  ])
})

test.each([
  [
    'only the requester is named',
    [{ people: ['MINA+pager@Example.com'] }],
    'mina@example.com: it needs 1 person other',
  ],
  [
    'one person is named twice',
    [{ people: ['jonas@example.com', 'Jonas+a@EXAMPLE.com'], count: 2 }],
    'jonas@example.com: it needs 2 people other than the requester, and names 1',
  ],
])('a step for which too few people are named is refused at once: %s', async (_, approvals, why) => {
  const own = needing('by-too-few', approvals)
  await identity.change({ entitlements: [...entitlements, own], owners, guardrails: [guardrail({ approvals })] })
  for (const name of ['by-group', 'by-too-few']) {
    const refused = await post(name, ['payments'])
    expectProblem(refused, 422, 'guardrail-violation')
    expect((refused.body.errors as { message: string }[]).map(({ message }) => message)).toEqual([
      expect.stringContaining(why),
    ])
  }
  const open = guardrail({ approvals: [{ people: ['mina@example.com'], groups: ['security'] }] })
  await identity.change({ entitlements, owners, guardrails: [open] })
  expect((await post('by-group', ['payments'])).status).toBe(201)
  await identity.change({ entitlements, owners, guardrails })
})

test('without a known owner the groups of the step decide, and the request says so', async () => {
  const request = await submit('by-owner-or-group', ['search'])
  expect((await read(request.id, 'mina')).body.steps).toMatchObject([
    { groups: ['payments-leads'], unknown: ['an owner of search'] },
  ])
  expect((await approve(request, 'priya')).body.status).toBe('approved')
})

test('an owner who is removed from the configuration can no longer decide', async () => {
  const request = await submit('by-owner')
  await identity.change({ entitlements, owners: [{ namespaces: ['payments'], groups: ['payments-leads'] }] })
  expectProblem(await approve(request, 'tomas'), 403, 'forbidden')
  expect(await inboxOf('tomas')).not.toContain(request.id)
})

test('the owner of one namespace can’t decide for another one that is no longer theirs', async () => {
  await identity.change({ entitlements, owners })
  const request = await submit('by-owner', ['payments', 'checkout'])
  const moved = [
    { namespaces: ['payments'], groups: ['payments-leads'] },
    { namespaces: ['checkout'], groups: ['payments-leads'], people: ['tomas@example.com'] },
  ]
  await identity.change({ entitlements, owners: moved })
  expectProblem(await approve(request, 'tomas'), 403, 'forbidden')
  expect((await read(request.id, 'mina')).body.steps).toMatchObject([{ eligible: [] }, { groups: ['payments-leads'] }])
})
