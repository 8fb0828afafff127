import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { closeClusters } from '#lib/adapters/cluster/client'
import { db } from '#lib/adapters/db/client'
import { readRights } from '#lib/adapters/db/clusters/cluster-rights'
import { clusterStates } from '#lib/adapters/db/clusters/cluster-states'
import { currentPolicy } from '#lib/adapters/policy/current'
import { ensureCertificates } from '#local/parts/certificates'
import { writeKubeconfig } from '#local/parts/kubeconfig'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testPolicy } from '#testing/policy'
import { aClusterState } from '#testing/requests'
import { readRightsOf } from './read-rights.ts'
import { refreshCluster } from './refresh-cluster.ts'

// An API server that answers whatever it likes, over a connection that is trusted.

const database = await testDatabase()
const directory = mkdtempSync(join(tmpdir(), 'postern-hostile-'))
const { server, ca } = await ensureCertificates(directory)
const namespaces = (name: unknown, labels: unknown) => ({ items: [{ metadata: { name, labels } }] })
const answers: Record<string, unknown> = {}
const hostile = https.createServer({ key: readFileSync(server.key), cert: readFileSync(server.cert) }, (call, answer) =>
  answer
    .setHeader('content-type', 'application/json')
    .end(JSON.stringify(answers[(call.url ?? '').split('?')[0] ?? ''] ?? {})),
)
await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve))
const address = `https://127.0.0.1:${(hostile.address() as AddressInfo).port}`
const file = writeKubeconfig(
  join(directory, 'kubeconfig'),
  { name: 'prod-eu', server: address, caFile: ca },
  { token: 'postern-itself' },
)
const policy = await testPolicy(
  aConfiguration({ clusters: [{ name: 'prod-eu', kubeconfig: { file }, publicServer: address }], entitlements: [] }),
)
afterAll(async () => {
  await policy.stop()
  await closeClusters()
  hostile.closeAllConnections()
  hostile.close()
  await database.drop()
  rmSync(directory, { recursive: true, force: true })
})

test.each([
  ['a version with a NUL', { gitVersion: 'v1\0' }, namespaces('payments', {})],
  ['no version', {}, namespaces('payments', {})],
  ['a namespace whose label holds a NUL', { gitVersion: 'v1' }, namespaces('payments', { a: '\0' })],
  ['a list that is none', { gitVersion: 'v1' }, { items: { length: 1 } }],
])('a cluster that answers %s counts as not reached, not as fresh', async (_what, version, list) => {
  await aClusterState({ reachable: true })
  Object.assign(answers, { '/version/': version, '/api/v1/namespaces': list })
  await refreshCluster(currentPolicy().configuration, 'prod-eu', 0)
  const state = (await clusterStates()).get('prod-eu')
  expect(state).toMatchObject({ reachable: false, error: expect.stringMatching(/could not be understood/) })
})

const rbac = '/apis/rbac.authorization.k8s.io/v1'
test.each([
  ['bindings without names', { items: [{ roleRef: { kind: 'Role' } }] }, /could not be understood/],
  ['bindings that bind nothing', { items: [{ metadata: { name: 'a' }, roleRef: 7 }] }, /could not be understood/],
  ['pages without an end', { items: [], metadata: { continue: 'more' } }, /more than 300000 objects/],
])(
  'a cluster that answers %s: who may do what there is not known, and the worker goes on',
  async (_what, list, why) => {
    for (const kind of ['rolebindings', 'clusterrolebindings', 'roles', 'clusterroles'])
      answers[`${rbac}/${kind}`] = kind === 'clusterrolebindings' ? list : { items: [] }
    await database.asOwner('DELETE FROM cluster_rights')
    await readRightsOf(currentPolicy().configuration, 'prod-eu', new AbortController().signal)
    expect(await readRights(db(), 'prod-eu')).toEqual({ rights: null, error: expect.stringMatching(why) })
  },
)
