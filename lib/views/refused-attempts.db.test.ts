import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { decideRequest } from '#lib/operations/decide-request'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { submitRequest } from '#lib/operations/submit-request'
import { withdrawRequest } from '#lib/operations/withdraw-request'
import { testDatabase } from '#testing/database'
import { anActor, aPerson } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aGrant, aRequest } from '#testing/requests'
import { auditHistogram } from './audit-histogram.ts'
import { listAuditEvents } from './list-audit-events.ts'

const database = await testDatabase()
const policy = await testPolicy()
let auditor: PersonActor
beforeAll(async () => {
  await aClusterState()
  auditor = await anActor({ groups: ['security-audit'], roles: ['auditor'] })
})
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const submission = {
  cluster: 'prod-eu',
  namespaces: ['nowhere'],
  reason: 'trying what there is',
  durationSeconds: 1_000_000,
}

const readBy = async (actor: PersonActor) => (await listAuditEvents(actor, {})).items

test('who tried their hand at what is not theirs finds nothing about it in the history either', async () => {
  const stranger = await anActor({ groups: ['search-dev'] })
  const requester = await aPerson()
  const request = await aRequest({ requester, status: 'approved', namespaces: ['payments'] })
  const grant = await aGrant({ request, status: 'active' })
  await rejectionOf(decideRequest(stranger, request.id, { decision: 'deny', digest: request.digest }))
  await rejectionOf(withdrawRequest(stranger, request.id))
  await rejectionOf(revokeGrant(stranger, grant.id, { reason: 'because' }))
  await rejectionOf(releaseGrant(stranger, grant.id))
  await rejectionOf(issueCredential(stranger, grant.id))
  expect(await readBy(stranger)).toEqual([])
  expect(await auditHistogram(stranger, {})).toEqual([])
  expect(await readBy(auditor)).toHaveLength(5)
  const holder = await anActor({ subject: requester.subject, email: requester.email })
  expect(await readBy(holder), 'whose it is learns who tried').toHaveLength(5)
})

test('an entitlement that is for others reads in the history like one that does not exist', async () => {
  const curious = await anActor({ groups: ['search-dev'] })
  await rejectionOf(submitRequest(curious, { ...submission, entitlement: 'payments-restart' }))
  await rejectionOf(submitRequest(curious, { ...submission, entitlement: 'payments-nothing' }))
  const [absent, others] = await readBy(curious)
  const told = (event: typeof absent) => JSON.stringify([event?.data, event?.sentence])
  expect(told(others).replaceAll('payments-restart', '*')).toBe(told(absent).replaceAll('payments-nothing', '*'))
  const seen = (await listAuditEvents(auditor, { type: 'request.refused' })).items.map(({ data }) => data)
  expect(seen).toContainEqual(expect.objectContaining({ code: 'requester-not-eligible' }))
})
