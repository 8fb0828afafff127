import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createObject } from '#lib/adapters/cluster/objects'
import { makeId } from '#lib/core/access/ids'
import { grantObjects } from '#lib/core/grants/manifests'
import { objectName } from '#lib/core/grants/names'
import { testClient } from '#testing/cluster'
import { eventsWhere } from '#testing/events'
import {
  anActiveGrant,
  anApprovedRequest,
  grantReaches,
  manifestsOf,
  objectsInCluster,
  recordIntent,
} from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { aGrant } from '#testing/requests'
import { workerBench } from '#testing/worker'

// Promise 8: a crash at any instruction leaks nothing.

const { publicUrl, database, start, stop, sweep } = await workerBench()

test.each([
  ['nothing', false, 0],
  ['its intent recorded', true, 0],
  ['its ServiceAccount created', true, 1],
  ['all of its objects created', true, 3],
])(
  'a grant that a crashed worker left with %s becomes active with one set of objects',
  async (_, isRecorded, count) => {
    await stop()
    const approved = await anApprovedRequest()
    const { id } = await aGrant({ request: approved.request })
    const manifests = manifestsOf(id, approved, { publicUrl })
    if (isRecorded) await recordIntent(id, manifests)
    const client = await testClient()
    for (const manifest of manifests.slice(0, count)) await createObject(client, manifest)
    const lease = `leased_by = 'crashed', lease_until = now() - interval '1 second'`
    await database.asApp(`UPDATE grants SET ${lease} WHERE id = $1`, [id])
    start()
    await grantReaches(id, 'active')
    expect(await objectsInCluster(id)).toHaveLength(3)
  },
)

test('the sweep deletes and records objects without a live grant, and touches nothing else', async () => {
  const client = await testClient()
  const withoutGrant = (url: string) => {
    const grantId = makeId('grant', new Date(), randomBytes(10))
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
    const terms = { namespaces: ['payments'], rules, clusterRole: null, digest: null, expiresAt: null }
    const manifests = grantObjects({
      ...{
        grantId,
        subject: 'ServiceAccount',
        ...terms,
        requestUrl: `${url}/requests/x`,
        requester: { email: null, subject: 'x' },
      },
    })
    return { grantId, manifests }
  }
  const [stray, foreign] = [withoutGrant(publicUrl), withoutGrant('https://other.example.com')]
  for (const manifest of [...stray.manifests, ...foreign.manifests]) await createObject(client, manifest)
  const live = await anActiveGrant()
  await sweep()
  expect(await objectsInCluster(stray.grantId)).toEqual([])
  expect(await objectsInCluster(foreign.grantId)).toHaveLength(3)
  expect(await objectsInCluster(live.id)).toHaveLength(3)
  const events = await eventsWhere({ type: 'grant.stray-deleted' })
  const names = events.map(({ data }) => (data as { name: string }).name)
  expect(names.filter((name) => name === objectName(stray.grantId))).toHaveLength(3)
  await kubectl(['delete', 'sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${foreign.grantId}`])
})
