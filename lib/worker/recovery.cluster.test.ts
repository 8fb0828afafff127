import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { clusterClient } from '#lib/adapters/cluster/client'
import { createObject } from '#lib/adapters/cluster/objects'
import { db } from '#lib/adapters/db/client'
import { currentPolicy } from '#lib/adapters/policy/current'
import { makeId } from '#lib/core/access/ids'
import { grantObjects } from '#lib/core/grants/manifests'
import { objectName } from '#lib/core/grants/names'
import { testParts } from '#testing/database'
import { anApprovedRequest, grantReaches, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { aGrant } from '#testing/requests'
import { testWorker } from '#testing/worker'
import { sweepCluster } from './sweep.ts'

const { kubernetes } = testParts()

const stage = await testWorker()
beforeAll(stage.start)
afterEach(stage.start)
afterAll(stage.end)

describe('promise 8: a crash at any instruction leaks nothing', () => {
  it.each(['nothing', 'the wish', 'the ServiceAccount', 'everything'])(
    'a grant of which %s was made before the crash becomes active, with one set of objects',
    async (what) => {
      await stage.stop()
      const { holder, request } = await anApprovedRequest()
      const grant = await aGrant({ request })
      const manifests = grantObjects({
        ...{ grantId: grant.id, namespaces: ['payments'], rules: request.rules as never, clusterRole: null },
        ...{ requester: holder, requestUrl: `${stage.publicUrl}/requests/${request.id}`, expiresAt: null },
      })
      if (what !== 'nothing') {
        await db().grantObject.createMany({
          data: manifests.map(({ kind, metadata: { namespace, name } }) => ({
            ...{ grantId: grant.id, cluster: 'prod-eu', kind, namespace, name },
          })),
        })
      }
      const client = await clusterClient({ name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig } })
      const count = { nothing: 0, 'the wish': 0, 'the ServiceAccount': 1, everything: 3 }[what] ?? 0
      for (const manifest of manifests.slice(0, count)) await createObject(client, manifest)
      // Whoever died held the lease.
      await stage.database.asApp(
        `UPDATE grants SET leased_by = 'dead', lease_until = now() - interval '1 second' WHERE id = $1`,
        [grant.id],
      )
      stage.start()
      await grantReaches(grant.id, 'active')
      expect(await objectsInCluster(grant.id)).toHaveLength(3)
    },
  )

  it('what belongs to no live grant is removed by the sweep, is recorded, and nothing else is touched', async () => {
    const client = await clusterClient({ name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig } })
    const facts = (requestUrl: string) => ({
      ...{ grantId: makeId('grant', new Date(), randomBytes(10)), namespaces: ['payments'], clusterRole: null },
      ...{ rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }], expiresAt: null, requestUrl },
      requester: { email: null, subject: 'x' },
    })
    const [stray, others] = [facts(`${stage.publicUrl}/requests/x`), facts('https://other.example.com/requests/x')]
    for (const manifest of [...grantObjects(stray), ...grantObjects(others)]) await createObject(client, manifest)
    const live = await grantReaches((await aGrant({ request: (await anApprovedRequest()).request })).id, 'active')
    expect(await sweepCluster(currentPolicy().configuration, 'prod-eu', 0)).toBeGreaterThanOrEqual(0)
    expect(await objectsInCluster(stray.grantId)).toEqual([])
    expect(await objectsInCluster(others.grantId)).toHaveLength(3)
    expect(await objectsInCluster(live.id)).toHaveLength(3)
    const events = await db().auditEvent.findMany({ where: { type: 'grant.stray-removed' } })
    const names = events.map(({ data }) => (data as { name: string }).name)
    expect(names.filter((name) => name === objectName(stray.grantId))).toHaveLength(3)
    await kubectl(['delete', 'sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${others.grantId}`])
  })
})
