import { afterAll, expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { expectProblem, expectSuccess } from '#testing/call-route'
import { anEntitlementDocument } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { approvalCalls } from './approvals.testing.ts'

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
const { submit, read, approve, inboxOf } = approvalCalls(identity)
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

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
