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

// Approvals by the person on call. Tomas is on call in `payments` and in no group that may approve; Mina, who requests, is on
// call in `checkout`; Jonas was on call until an hour ago.

const rota = (name: string, person: string, overrides: object[] = []) => ({
  ...{ name, zone: 'UTC', overrides },
  rotation: { people: [`${person}@example.com`], from: '2026-01-05T09:00' },
})
const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 16)
const over = { person: 'jonas@example.com', from: at(-5), to: at(-1) }
const needing = (name: string, approvals: object[]) => anEntitlementDocument({ name, approvals })

const database = await testDatabase()
const identity = await testIdentity({
  rotas: [rota('payments', 'tomas', [over]), rota('checkout', 'mina')],
  entitlements: [
    needing('by-on-call', [{ onCall: 'payments' }]),
    needing('by-own-on-call', [{ onCall: 'checkout', groups: ['payments-leads'] }]),
    needing('by-both', [{ onCall: 'payments' }, { groups: ['payments-leads'] }]),
  ],
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

async function submit(entitlement: string) {
  const { durationSeconds: _, ...submission } = aSubmission()
  const body = { ...submission, entitlement, duration: 'PT15M' }
  const submitted = await callRoute(listDoor, { ...as('mina'), method: 'POST', path, body })
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

test('the person on call has the request in their inbox and approves it, without being in any group', async () => {
  const request = await submit('by-on-call')
  expect(await inboxOf('tomas')).toContain(request.id)
  const approved = await approve(request, 'tomas')
  expectSuccess(approved, endpoints.decideRequest)
  expect(approved.body.status).toBe('approved')
})

test('someone whose override is over, and someone in another rota, learn nothing of the request', async () => {
  const request = await submit('by-on-call')
  for (const person of ['jonas', 'priya']) {
    expect(await inboxOf(person)).not.toContain(request.id)
    expectProblem(await read(request.id, person), 404, 'not-found')
    expectProblem(await approve(request, person), 404, 'not-found')
  }
})

test('being on call is no way to approve one’s own request', async () => {
  const request = await submit('by-own-on-call')
  expectProblem(await approve(request, 'mina'), 403, 'forbidden')
  expect((await read(request.id, 'mina')).body.steps[0].eligible).toMatchObject([{ name: 'Priya Raman' }])
})

test('a request names who is on call, until when, and lists them among the people who may approve', async () => {
  const { id } = await submit('by-on-call')
  const { steps } = (await read(id, 'mina')).body
  expect(steps).toMatchObject([
    { eligible: [{ name: 'Tomas Lindqvist' }], onCall: [{ rota: 'payments', email: 'tomas@example.com' }] },
  ])
  expect(Date.parse(steps[0].onCall[0].until)).toBeGreaterThan(Date.now())
})

test('an approval by someone who was on call still counts after the handover', async () => {
  const request = await submit('by-both')
  expectSuccess(await approve(request, 'tomas'), endpoints.decideRequest)
  await identity.change({ rotas: [rota('payments', 'jonas'), rota('checkout', 'mina')] })
  const approved = await approve(request, 'priya')
  expectSuccess(approved, endpoints.decideRequest)
  expect(approved.body.status).toBe('approved')
  expect(await inboxOf('tomas')).toEqual([])
})
