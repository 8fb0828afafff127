import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { lapseRequest } from '#lib/worker/lapse-request'
import { testDatabase } from '#testing/database'
import { anActor, aPerson, aSystemActor, asActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aClusterState, aGrant, aRequest } from '#testing/requests'
import { decideRequest } from './decide-request.ts'
import { releaseGrant } from './release-grant.ts'
import { revokeGrant } from './revoke-grant.ts'
import { submitRequest } from './submit-request.ts'
import { withdrawRequest } from './withdraw-request.ts'

// The audit event commits with the fact, or neither does. The insert is made to fail from outside, by taking the right
// away from the application's role, as a full disk or a broken migration would.

const database = await testDatabase()
const policy = await testPolicy()
beforeAll(() => aClusterState())
afterEach(() => database.asOwner('GRANT INSERT ON audit_events TO postern_app'))
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const everything = async () => {
  const tables = ['requests', 'decisions', 'grants', 'audit_events', 'idempotency']
  const rows = tables.map((table) =>
    database.asOwner(`SELECT * FROM ${table} ORDER BY id`.replace('idempotency ORDER BY id', 'idempotency')),
  )
  return Promise.all(rows)
}

async function expectNothingHappens(call: () => Promise<unknown>) {
  const before = await everything()
  await database.asOwner('REVOKE INSERT ON audit_events FROM postern_app')
  await expect(call()).rejects.toThrow(/permission denied for table audit_events/)
  expect(await everything()).toEqual(before)
  await database.asOwner('GRANT INSERT ON audit_events TO postern_app')
  await call()
  expect(await everything()).not.toEqual(before)
}

const submission = {
  entitlement: 'payments-restart',
  cluster: 'prod-eu',
  namespaces: ['payments'],
  reason: 'the checkout pods hang since the last deploy',
  durationSeconds: 1800,
}

test('without its audit event nothing is asked for', async () => {
  const actor = await anActor()
  await expectNothingHappens(() => submitRequest(actor, submission))
})

test('without its audit event nothing is approved by itself', async () => {
  const actor = await anActor()
  await expectNothingHappens(() => submitRequest(actor, { ...submission, entitlement: 'payments-logs' }))
})

test('without its audit event nothing is decided', async () => {
  const priya = await anActor({ groups: ['payments-leads'] })
  const { id, digest } = await aRequest()
  await expectNothingHappens(() => decideRequest(priya, id, { decision: 'approve', digest }))
})

test('without its audit event nothing is withdrawn', async () => {
  const requester = await aPerson()
  const { id } = await aRequest({ requester })
  await expectNothingHappens(() => withdrawRequest(asActor(requester), id))
})

test('without its audit event nothing lapses', async () => {
  const { id } = await aRequest({ lapsesAt: new Date(Date.now() - 1000) })
  await expectNothingHappens(() => lapseRequest(aSystemActor(), id))
})

test('without its audit event nothing is revoked', async () => {
  const ola = await anActor({ groups: ['platform-admins'], roles: ['admin'] })
  const { id } = await aGrant({ status: 'active' })
  await expectNothingHappens(() => revokeGrant(ola, id, { reason: 'incident over' }))
})

test('without its audit event nothing is released', async () => {
  const requester = await aPerson()
  const { id } = await aGrant({ request: await aRequest({ requester, status: 'approved' }), status: 'active' })
  await expectNothingHappens(() => releaseGrant(asActor(requester), id))
})

test('a refusal that cannot be recorded fails as that, not as the refusal', async () => {
  const requester = await aPerson({ groups: ['payments-leads'] })
  const { id, digest } = await aRequest({ requester })
  await database.asOwner('REVOKE INSERT ON audit_events FROM postern_app')
  const call = decideRequest(asActor(requester), id, { decision: 'approve', digest })
  await expect(call).rejects.toThrow(/permission denied for table audit_events/)
  expect(await db().decision.count({ where: { requestId: id } })).toBe(0)
})
