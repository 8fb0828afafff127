import { afterAll, beforeAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { upsertPerson } from '#lib/adapters/db/people/people'
import type { Person } from '#lib/core/access/actor'
import { expectProblem } from '#testing/call-route'
import { anEntitlementDocument } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { laterTime } from '#testing/people'
import { approvalCalls } from './approvals.testing.ts'

// The ID token names the manager of each person. Mina requests.

const needing = (name: string, approvals: object[]) => anEntitlementDocument({ name, approvals })
const entitlements = [
  needing('by-manager', [{ manager: true }]),
  needing('by-manager-or-group', [{ manager: true, groups: ['payments-leads'] }]),
]
const database = await testDatabase()
const identity = await testIdentity({ entitlements })
const { post, submit, read, approve, inboxOf } = approvalCalls(identity)
beforeAll(async () => {
  const { issuer, clientId, audience: apiAudience } = identity.provider
  await identity.change({ identity: { issuer, clientId, apiAudience, managerClaim: 'manager' } })
})
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

/** As at a sign-in with this claim. */
async function signedInWith(manager: string | null) {
  const mina = await db().person.findFirstOrThrow({ where: { email: 'mina@example.com' } })
  await upsertPerson(db(), { ...(mina as unknown as Person), manager }, laterTime())
}

async function hasNoManager() {
  const refused = await post('by-manager', ['payments'])
  expectProblem(refused, 422, 'guardrail-violation')
  expect(JSON.stringify(refused.body.errors)).toContain('the requester’s manager')
  const other = await submit('by-manager-or-group')
  expect((await read(other.id, 'mina')).body.steps).toMatchObject([
    { groups: ['payments-leads'], unknown: ['the requester’s manager'] },
  ])
}

test('the manager whom the identity provider names has the request in their inbox and approves it', async () => {
  await signedInWith('tomas@example.com')
  const request = await submit('by-manager')
  expect(await inboxOf('tomas')).toContain(request.id)
  expect(await inboxOf('priya')).not.toContain(request.id)
  expectProblem(await approve(request, 'priya'), 404, 'not-found')
  expect((await approve(request, 'tomas')).body.status).toBe('approved')
})

test('a claim that names no one, the requester, or no verified address of a known account names no manager', async () => {
  for (const manager of [null, 'mina@example.com', 'stranger@example.com']) {
    await signedInWith(manager)
    await hasNoManager()
  }
})

test('an account whose address is not verified is no manager', async () => {
  const jonas = await db().person.findFirstOrThrow({ where: { email: 'jonas@example.com' } })
  const unverified = { ...(jonas as unknown as Person), email: 'new-boss@example.com', emailVerified: false }
  await upsertPerson(db(), unverified, laterTime())
  await signedInWith('new-boss@example.com')
  await hasNoManager()
})

test('a manager whom the identity provider no longer names loses their say at once, and a new one gets none', async () => {
  await signedInWith('tomas@example.com')
  const request = await submit('by-manager')
  await signedInWith('priya@example.com')
  expectProblem(await approve(request, 'tomas'), 403, 'forbidden')
  expectProblem(await approve(request, 'priya'), 404, 'not-found')
})

test('a row that names another manager is refused, because its signature covers the manager', async () => {
  await signedInWith(null)
  await database.asApp(`UPDATE people SET manager = 'tomas@example.com' WHERE email = 'mina@example.com'`)
  expect((await post('by-manager', ['payments'])).status).not.toBe(201)
})
