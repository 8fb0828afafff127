import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { ObjectKey, ObjectKind } from '#lib/core/grants/manifests'
import { releaseGrant } from '#lib/operations/release-grant'
import { getGrant } from '#lib/views/get-grant'
import { eventsWhere, eventTypesWhere } from '#testing/events'
import { anActiveGrant, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { asActor } from '#testing/people'
import { setFinalizers } from '#testing/undeletable'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

// Promise 6: the API server responds to a DELETE with success, but keeps the object while it has a finalizer.

const { start, stop, sweep } = await workerBench()
const finalizer = 'example.com/keep-for-audit'

const kinds: ReadonlyArray<[ObjectKind, string]> = [
  ['ServiceAccount', 'postern-grants'],
  ['Role', 'payments'],
  ['RoleBinding', 'payments'],
]

/** The grant stays ending and names the finalizer, for longer than one attempt takes. Without it, the grant ends. */
async function expectHeldBy(id: string, object: ObjectKey, holder: Parameters<typeof asActor>[0]) {
  const why = async () => (await getGrant(asActor(holder), id)).lastError ?? ''
  const sentence = `${object.kind} ${object.namespace}/${object.name} was deleted, but the finalizer ${finalizer} keeps it.`
  await expect.poll(why, { timeout: 60_000 }).toContain(sentence)
  await until('it was tried again', async () => (await grantRow(id)).attempts > 2)
  expect(await grantRow(id)).toMatchObject({ status: 'ending', endedAt: null, deniedProbes: null })
  expect(await objectsInCluster(id)).toHaveLength(1)
  expect(await eventTypesWhere({ grantId: id })).not.toContain('grant.ended')
  const removed = async () =>
    (await eventsWhere({ grantId: id, type: 'grant.object-deleted' })).map(({ data }) => (data as ObjectKey).kind)
  expect(await removed()).not.toContain(object.kind)
  await setFinalizers(object, [])
  await grantReaches(id, 'ended')
  expect(await objectsInCluster(id)).toEqual([])
  expect([...new Set(await removed())].sort()).toEqual(['Role', 'RoleBinding', 'ServiceAccount'])
}

describe('a finalizer that is set before access ends', () => {
  test.each(kinds)('a grant whose %s has a finalizer stays ending until it is gone', async (kind, namespace) => {
    const { id, name, holder } = await anActiveGrant()
    await stop()
    const object = { kind, namespace, name }
    await setFinalizers(object, [finalizer])
    await releaseGrant(asActor(holder), id)
    start()
    await expectHeldBy(id, object, holder)
  })
})

describe('a finalizer that is set during the end', () => {
  test.each(kinds)('a grant whose %s gets a finalizer stays ending until it is gone', async (kind, namespace) => {
    const { id, name, holder } = await anActiveGrant()
    await stop()
    await releaseGrant(asActor(holder), id)
    const object = { kind, namespace, name }
    await setFinalizers(object, [finalizer])
    start()
    await expectHeldBy(id, object, holder)
  })
})

describe('a finalizer that is set while access is active', () => {
  test.each(kinds)(
    'a grant whose %s gets a finalizer cannot be repaired and ends, and says so',
    async (kind, namespace) => {
      const { id, name, holder } = await anActiveGrant()
      const object = { kind, namespace, name }
      await setFinalizers(object, [finalizer])
      await sweep()
      const ending = await grantReaches(id, 'ending')
      expect(ending).toMatchObject({ endedBy: 'failure', endNote: expect.stringContaining(finalizer) })
      await expectHeldBy(id, object, holder)
    },
  )
})

test('a stray object that a finalizer keeps is found once, not recorded as deleted, and keeps no other', async () => {
  const { id, name, holder } = await anActiveGrant()
  await stop()
  const binding: ObjectKey = { kind: 'RoleBinding', namespace: 'payments', name }
  await setFinalizers(binding, [finalizer])
  await releaseGrant(asActor(holder), id)
  // As if it should have ended six minutes ago.
  await db().$executeRaw`UPDATE grants SET expires_at = now() - interval '6 minutes' WHERE id = ${id}`
  await sweep()
  await sweep()
  expect(await objectsInCluster(id)).toHaveLength(1)
  const findings = await db().finding.findMany({ where: { grantId: id, objectKind: 'RoleBinding' } })
  expect(findings).toMatchObject([{ outcome: null, times: 2, sentence: expect.stringContaining(finalizer) }])
  const removals = await eventsWhere({ grantId: id, type: 'grant.stray-deleted' })
  expect(removals.map(({ data }) => (data as ObjectKey).kind).sort()).toEqual(['Role', 'ServiceAccount'])
  await setFinalizers(binding, [])
  start()
  await grantReaches(id, 'ended')
})
