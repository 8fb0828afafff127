import { afterAll, expect, test } from 'vitest'
import { claimRightsRead, saveRights } from '#lib/adapters/db/clusters/cluster-rights'
import type { ClusterRights } from '#lib/core/rbac/cluster-rights'
import { interpretQuery } from '#lib/core/rbac/paste/interpret-query'
import { testDatabase } from '#testing/database'
import { servedBy } from './served-resources.ts'

const database = await testDatabase()
afterAll(database.drop)

const giraffes = {
  ...{ group: 'zoo.example.com', resource: 'giraffes', namespaced: true, verbs: ['get'] },
  ...{ kind: 'Giraffe', shortNames: ['gf'] },
}

async function save(cluster: string, served: ClusterRights['served']) {
  const objects = { roles: [], clusterRoles: [], roleBindings: [], clusterRoleBindings: [] }
  await claimRightsRead(cluster)
  await saveRights(cluster, { objects, served, serviceAccounts: null }, new Date('2026-11-23T10:00:00Z'), 60)
}

test('a short name that only the cluster knows is read in a pasted command', async () => {
  await save('zoo', { resources: [giraffes], unsureGroups: [] })
  const served = await servedBy(['zoo', 'zoo'])
  expect(served).toEqual([giraffes])
  const { sentence } = interpretQuery('kubectl get gf -n shop', [], served)
  expect(sentence).toContain('list giraffes.zoo.example.com')
})

test('the kinds are unknown where one of the clusters was not read, or not completely', async () => {
  await save('known', { resources: [giraffes], unsureGroups: [] })
  await save('without', null)
  await save('unsure', { resources: [giraffes], unsureGroups: ['metrics.k8s.io'] })
  for (const clusters of [[], ['never-read'], ['known', 'without'], ['known', 'unsure']])
    expect(await servedBy(clusters), clusters.join()).toBeNull()
})
