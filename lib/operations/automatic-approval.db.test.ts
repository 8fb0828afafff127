import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { testBench } from '#testing/bench'
import { aConfiguration, aGuardrail, anEntitlementDocument } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { eventsWhere } from '#testing/events'
import { anActor, companyActors } from '#testing/people'
import { aSubmission, bringGrant } from '#testing/requests'
import { revokeGrant } from './revoke-grant.ts'
import { submitRequest } from './submit-request.ts'
import { withdrawRequest } from './withdraw-request.ts'

const when = "history.grants.size() < 2 && history.heldInDay < duration('2h')"
const configuration = aConfiguration({ entitlements: [anEntitlementDocument({ automatic: { when } })] })
const { policy } = await testBench({ configuration })
const { priya } = await companyActors('priya')

const submit = (actor: PersonActor) => submitRequest(actor, aSubmission())
const requestRow = (id: string) => db().request.findUniqueOrThrow({ where: { id } })

test('a request is approved without people while the condition of its entitlement holds, and people decide afterwards', async () => {
  const mina = await anActor()
  expect((await submit(mina)).status).toBe('approved')
  expect((await submit(mina)).status).toBe('approved')
  const third = await submit(mina)
  expect(third.status).toBe('pending')
  expect((await decide(priya, await requestRow(third.id))).status).toBe('approved')
})

test('the automatic approval names its condition and the version of the policy', async () => {
  const { id } = await submit(await anActor())
  const [event] = await eventsWhere({ requestId: id, type: 'request.approved' })
  expect(event).toMatchObject({ actorName: 'Postern', policyHash: currentPolicy().hash })
  expect(event?.data).toMatchObject({ automatic: true, condition: when })
  expect((await requestRow(id)).verdict).toMatchObject({ automatic: when, policyVersion: currentPolicy().hash })
})

test('a guardrail brings the people back, and a denying one refuses the request', async () => {
  await policy.change({ ...configuration, guardrails: [aGuardrail({ effect: 'require', require: { approvers: 2 } })] })
  const { id, status } = await submit(await anActor())
  expect(status).toBe('pending')
  expect((await requestRow(id)).steps).toEqual([{ groups: ['payments-leads'], count: 2 }])
  await policy.change({ ...configuration, guardrails: [aGuardrail({ effect: 'deny' })] })
  await expect(submit(await anActor())).rejects.toMatchObject({ code: 'guardrail-violation' })
})

test('a condition that fails leaves the decision to people, with a warning', async () => {
  const broken = anEntitlementDocument({ automatic: { when: "request.reason.substring(1999) == ''" } })
  await policy.change({ ...configuration, entitlements: [broken] })
  const { id, status } = await submit(await anActor())
  expect(status).toBe('pending')
  expect((await requestRow(id)).verdict).toMatchObject({ warnings: [{ code: 'automatic-not-evaluated' }] })
})

test('after a denial or a revocation, submitting again asks people whatever the condition says', async () => {
  const revoked = await anActor()
  const first = await submit(revoked)
  const { id: grantId } = await db().grant.findUniqueOrThrow({ where: { requestId: first.id } })
  await bringGrant(grantId, 'active')
  await revokeGrant(priya, grantId, { reason: 'not like this' })
  expect((await submit(revoked)).status).toBe('pending')

  const denied = await anActor()
  await policy.change({ ...configuration, entitlements: [anEntitlementDocument()] })
  const asked = await submit(denied)
  await decide(priya, await requestRow(asked.id), { decision: 'deny' })
  await policy.reset()
  expect((await submit(denied)).status).toBe('pending')
})

test('withdrawing and submitting again does not make earlier grants count less', async () => {
  const mina = await anActor()
  await submit(mina)
  await submit(mina)
  for (let attempt = 0; attempt < 2; attempt++) {
    const { id, status } = await submit(mina)
    expect(status).toBe('pending')
    await withdrawRequest(mina, id)
  }
})
