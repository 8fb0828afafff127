import { afterAll, beforeAll, expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { anEntitlementDocument } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { aClusterState, aSubmission } from '#testing/requests'
import * as decisionsDoor from './requests/[id]/decisions/route.ts'
import * as requestDoor from './requests/[id]/route.ts'
import * as listDoor from './requests/route.ts'

// Approvals by named people, by the owners of a namespace and by the requester's manager. Mina requests; Tomas is in no group
// that may approve.

const needing = (name: string, approvals: object[]) =>
  anEntitlementDocument({ name, approvals, namespaces: ['payments', 'checkout', 'search'] })
const entitlements = [
  needing('by-person', [{ people: ['Tomas+pager@example.com'] }]),
  needing('by-owner', [{ owners: true }]),
  needing('by-owner-or-group', [{ owners: true, groups: ['payments-leads'] }]),
  needing('by-manager', [{ manager: true }]),
]
const owners = [
  { namespaces: ['payments'], people: ['tomas@example.com'] },
  { namespaces: ['checkout'], groups: ['payments-leads'] },
]

const database = await testDatabase()
const identity = await testIdentity({
  ...{ entitlements, owners },
  managers: [{ person: 'mina@example.com', manager: 'tomas@example.com' }],
})
const tokens: Record<string, string> = {}
beforeAll(async () => {
  await aClusterState()
  for (const person of ['mina', 'jonas', 'priya', 'tomas']) tokens[person] = await identity.token(person)
  // Postern knows people from their first call on.
  for (const token of Object.values(tokens)) await callRoute(listDoor, { token, path: '/api/v1/requests' })
})
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

const path = '/api/v1/requests'
const as = (person: string) => ({ token: tokens[person] ?? '' })
const post = (entitlement: string, namespaces: string[], person = 'mina') => {
  const { durationSeconds: _, ...submission } = aSubmission()
  const body = { ...submission, entitlement, namespaces, duration: 'PT15M' }
  return callRoute(listDoor, { ...as(person), method: 'POST', path, body })
}
async function submit(entitlement: string, namespaces = ['payments']) {
  const submitted = await post(entitlement, namespaces)
  expectSuccess(submitted, endpoints.submitRequest)
  return submitted.body as { id: string; digest: string }
}
const read = (id: string, person: string) =>
  callRoute(requestDoor, { ...as(person), path: `${path}/${id}`, params: { id } })
const approve = ({ id, digest }: { id: string; digest: string }, person: string) =>
  callRoute(decisionsDoor, {
    ...{ ...as(person), method: 'POST', path: `${path}/${id}/decisions`, params: { id } },
    body: { decision: 'approve', digest },
  })
const inboxOf = async (person: string) => {
  const { body } = await callRoute(listDoor, { ...as(person), path: `${path}?role=inbox` })
  return body.items.map(({ id }: { id: string }) => id)
}

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
