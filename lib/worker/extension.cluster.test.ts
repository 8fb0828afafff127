import { expect, test } from 'vitest'
import { userName } from '#lib/core/grants/names'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { getGrant } from '#lib/views/get-grant'
import { eventTypesWhere } from '#testing/events'
import { anActiveGrant, anApprovedRequest, endedGrantOf, grantReaches, objectsInCluster } from '#testing/grants'
import { canI } from '#testing/kubectl'
import { asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { workerBench } from '#testing/worker'

const { start, stop } = await workerBench()

/** Active access, and an approved request of its holder that extends it. */
async function anExtension(durationSeconds = 1800) {
  const old = await anActiveGrant()
  const heldSince = old.grant.activatedAt ?? new Date(0)
  const terms = { requester: old.holder, extendsGrantId: old.id, heldSince, durationSeconds }
  return { old, request: (await anApprovedRequest(terms)).request }
}

test('the old access ends as superseded once its extension works, and not before', async () => {
  const { old, request } = await anExtension()
  const { id } = await aGrant({ request })
  const grant = await grantReaches(id, 'active')
  const superseded = await grantReaches(old.id, 'ended')
  expect(superseded).toMatchObject({ endedBy: 'superseded', endedByName: 'Postern' })
  expect(superseded.endingAt).toEqual(grant.activatedAt)
  expect(await canI(userName(id), 'patch', 'deployments.apps')).toBe('yes')
  expect(await canI(userName(old.id), 'patch', 'deployments.apps')).toBe('no')
  expect(await objectsInCluster(old.id)).toEqual([])
  expect((await eventTypesWhere({ grantId: old.id })).filter((type) => type === 'grant.ending')).toHaveLength(1)
  expect(await getGrant(asActor(old.holder), old.id)).toMatchObject({ supersededBy: id, extends: null })
  expect(await getGrant(asActor(old.holder), id)).toMatchObject({ supersededBy: null, extends: old.id })
})

test('an extension of access that was revoked meanwhile never begins', async () => {
  const { old, request } = await anExtension()
  await revokeGrant(asActor(old.lead), old.id, { reason: 'enough' })
  const ended = await endedGrantOf(request)
  expect(ended).toMatchObject({ endedBy: 'ineligible', activatedAt: null })
  expect(ended.endNote).toContain('was revoked')
  expect(await objectsInCluster(ended.id)).toEqual([])
  expect(await grantReaches(old.id, 'ended')).toMatchObject({ endedBy: 'revocation' })
})

test('access that expires while its extension is created is extended all the same', async () => {
  await stop()
  const { holder, request: first } = await anApprovedRequest()
  const activatedAt = new Date(Date.now() - 1_801_000)
  const old = await aGrant({ request: first, status: 'active', activatedAt })
  const terms = { requester: holder, extendsGrantId: old.id, heldSince: activatedAt }
  const { id } = await aGrant({ request: (await anApprovedRequest(terms)).request })
  start()
  await grantReaches(id, 'active')
  expect(['expiry', 'superseded']).toContain((await grantReaches(old.id, 'ended')).endedBy)
})

test('an extension ends at the latest when the access may last no longer in total, however late it was approved', async () => {
  const { old, request } = await anExtension(7200)
  const { id } = await aGrant({ request })
  const { expiresAt } = await grantReaches(id, 'active')
  const heldSince = old.grant.activatedAt?.getTime() ?? 0
  // The longest duration of the entitlement, as it has no longer total.
  expect(expiresAt?.getTime()).toBe(heldSince + 7_200_000)
})
