import { expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { submitRequest } from '#lib/operations/submit-request'
import { withdrawRequest } from '#lib/operations/withdraw-request'
import { testBench } from '#testing/bench'
import { decide } from '#testing/decisions'
import { anActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant, aRequest, aSubmission } from '#testing/requests'
import { auditHistogram } from './audit-histogram.ts'
import { listAuditEvents } from './list-audit-events.ts'

await testBench()
const { mina, jonas, ines } = await companyActors('mina', 'jonas', 'ines')

const readBy = async (actor: PersonActor) => (await listAuditEvents(actor, {})).items

test('attempts on another team’s request and grant are in the history of its holder, not of the person who tried', async () => {
  const request = await aRequest({ requester: mina.person, status: 'approved' })
  const grant = await aGrant({ request, status: 'active' })
  await rejectionOf(decide(jonas, request, { decision: 'deny' }))
  await rejectionOf(withdrawRequest(jonas, request.id))
  await rejectionOf(revokeGrant(jonas, grant.id, { reason: 'because' }))
  await rejectionOf(releaseGrant(jonas, grant.id))
  await rejectionOf(issueCredential(jonas, grant.id))
  expect(await readBy(jonas)).toEqual([])
  expect(await auditHistogram(jonas, {})).toEqual([])
  expect(await readBy(ines)).toHaveLength(5)
  expect(await readBy(mina)).toHaveLength(5)
})

test('in the history, a refused request for other people’s entitlement reads like one for an unknown entitlement', async () => {
  const curious = await anActor({ groups: ['search-dev'] })
  for (const entitlement of ['payments-restart', 'payments-nothing'])
    await rejectionOf(submitRequest(curious, aSubmission({ entitlement, namespaces: ['nowhere'] })))
  const [unknown, forOthers] = await readBy(curious)
  const textOf = (event: typeof unknown) => JSON.stringify([event?.data, event?.sentence])
  expect(textOf(forOthers).replaceAll('payments-restart', '*')).toBe(
    textOf(unknown).replaceAll('payments-nothing', '*'),
  )
  const recorded = (await listAuditEvents(ines, { type: 'request.refused' })).items.map(({ data }) => data)
  expect(recorded).toContainEqual(expect.objectContaining({ code: 'requester-not-eligible' }))
})
