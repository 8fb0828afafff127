import { afterEach, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { lapseRequest } from '#lib/worker/lapse-request'
import { testBench } from '#testing/bench'
import { aPerson, aSystemActor, asActor, companyActors } from '#testing/people'
import { aGrant, aRequest, aSubmission } from '#testing/requests'
import { decideRequest } from './decide-request.ts'
import { releaseGrant } from './release-grant.ts'
import { revokeGrant } from './revoke-grant.ts'
import { submitRequest } from './submit-request.ts'
import { withdrawRequest } from './withdraw-request.ts'

// The audit event commits together with the change, or neither does. The insert fails from outside: the application's
// role loses the right to it, as it would by a full disk or a broken migration.

const { database } = await testBench()
const { mina, priya, ola } = await companyActors('mina', 'priya', 'ola')
afterEach(() => database.asOwner('GRANT INSERT ON audit_events TO postern_app'))

const everything = () =>
  Promise.all(
    ['requests', 'decisions', 'grants', 'audit_events', 'idempotency'].map((table) =>
      database.asOwner(`SELECT to_jsonb(t) AS row FROM ${table} t ORDER BY 1`),
    ),
  )

async function expectNothingHappens(call: () => Promise<unknown>) {
  const before = await everything()
  await database.asOwner('REVOKE INSERT ON audit_events FROM postern_app')
  await expect(call()).rejects.toThrow(/permission denied for table audit_events/)
  expect(await everything()).toEqual(before)
  await database.asOwner('GRANT INSERT ON audit_events TO postern_app')
  await call()
  expect(await everything()).not.toEqual(before)
}

test('without its audit event no request is submitted', async () => {
  await expectNothingHappens(() => submitRequest(mina, aSubmission()))
})

test('without its audit event no request is approved automatically', async () => {
  await expectNothingHappens(() => submitRequest(mina, aSubmission({ entitlement: 'payments-logs' })))
})

test('without its audit event no request is decided', async () => {
  const { id, digest } = await aRequest()
  await expectNothingHappens(() => decideRequest(priya, id, { decision: 'approve', digest }))
})

test('without its audit event no request is withdrawn', async () => {
  const { id } = await aRequest({ requester: mina.person })
  await expectNothingHappens(() => withdrawRequest(mina, id))
})

test('without its audit event no request lapses', async () => {
  const { id } = await aRequest({ lapsesAt: new Date(Date.now() - 1000) })
  await expectNothingHappens(() => lapseRequest(aSystemActor(), id))
})

test('without its audit event no grant is revoked', async () => {
  const { id } = await aGrant({ status: 'active' })
  await expectNothingHappens(() => revokeGrant(ola, id, { reason: 'incident over' }))
})

test('without its audit event no grant is released', async () => {
  const { id } = await aGrant({ holder: mina.person, status: 'active' })
  await expectNothingHappens(() => releaseGrant(mina, id))
})

test('a refusal that cannot be recorded fails because of that, and is not reported as a refusal', async () => {
  const requester = await aPerson({ groups: ['payments-leads'] })
  const { id, digest } = await aRequest({ requester })
  await database.asOwner('REVOKE INSERT ON audit_events FROM postern_app')
  const call = decideRequest(asActor(requester), id, { decision: 'approve', digest })
  await expect(call).rejects.toThrow(/permission denied for table audit_events/)
  expect(await db().decision.count({ where: { requestId: id } })).toBe(0)
})
