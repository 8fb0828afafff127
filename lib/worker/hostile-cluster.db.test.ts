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
import { testBench } from '#testing/bench'
import { aConfiguration } from '#testing/configuration'
import { readRightsOf } from './read-rights.ts'
import { refreshCluster } from './refresh-cluster.ts'

// A malicious or broken API server that responds with anything, over a trusted connection.

const directory = mkdtempSync(join(tmpdir(), 'postern-hostile-'))
const { server, ca } = await ensureCertificates(directory)
const namespaces = (name: unknown, labels: unknown) => ({ items: [{ metadata: { name, labels } }] })
const responses: Record<string, unknown> = {}
const hostile = https.createServer(
  { key: readFileSync(server.key), cert: readFileSync(server.cert) },
  (call, response) =>
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify(responses[(call.url ?? '').split('?')[0] ?? ''] ?? {})),
)
await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve))
const address = `https://127.0.0.1:${(hostile.address() as AddressInfo).port}`
const file = writeKubeconfig(
  join(directory, 'kubeconfig'),
  { name: 'prod-eu', server: address, caFile: ca },
  { token: 'postern-itself' },
)
const { database } = await testBench({
  configuration: aConfiguration({
    clusters: [{ name: 'prod-eu', kubeconfig: { file }, publicServer: address }],
    entitlements: [],
  }),
})
afterAll(async () => {
  await closeClusters()
  hostile.closeAllConnections()
  hostile.close()
  rmSync(directory, { recursive: true, force: true })
})

test.each([
  ['a version with a NUL character', { gitVersion: 'v1\0' }, namespaces('payments', {})],
  ['no version', {}, namespaces('payments', {})],
  ['a label with a NUL character', { gitVersion: 'v1' }, namespaces('payments', { a: '\0' })],
  ['a list that is not an array', { gitVersion: 'v1' }, { items: { length: 1 } }],
])('a cluster that returns %s counts as unreachable, not as read', async (_what, version, list) => {
  Object.assign(responses, { '/version/': version, '/api/v1/namespaces': list })
  await refreshCluster(currentPolicy().configuration, 'prod-eu', 0)
  const state = (await clusterStates()).get('prod-eu')
  expect(state).toMatchObject({ reachable: false, error: expect.stringMatching(/could not be understood/) })
})

const rbac = '/apis/rbac.authorization.k8s.io/v1'
test.each([
  ['bindings without names', { items: [{ roleRef: { kind: 'Role' } }] }, /could not be understood/],
  ['bindings without a valid role', { items: [{ metadata: { name: 'a' }, roleRef: 7 }] }, /could not be understood/],
  ['pages without an end', { items: [], metadata: { continue: 'more' } }, /more than 300000 RBAC objects/],
])('after a cluster returned %s its access rules are unknown, and the worker goes on', async (_what, list, why) => {
  for (const kind of ['rolebindings', 'clusterrolebindings', 'roles', 'clusterroles'])
    responses[`${rbac}/${kind}`] = kind === 'clusterrolebindings' ? list : { items: [] }
  await database.asOwner('DELETE FROM cluster_rights')
  await readRightsOf(currentPolicy().configuration, 'prod-eu', new AbortController().signal)
  expect(await readRights(db(), 'prod-eu')).toEqual({ rights: null, error: expect.stringMatching(why) })
})
