import { beforeAll, expect, test } from 'vitest'
import { currentPolicy } from '#lib/adapters/policy/current'
import { defaultAdmission } from '#lib/core/admission/section'
import { objectName } from '#lib/core/grants/names'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { admissionCluster } from '#testing/admission-cluster'
import { anActiveGrant, grantReaches, objectsInCluster } from '#testing/grants'
import { canI } from '#testing/kubectl'
import { asActor } from '#testing/people'
import { workerBench } from '#testing/worker'

// The admission policies of a cluster whose token webhook is Postern.

const cluster = await admissionCluster()
await workerBench({ webhookAuthentication: { tokenFile: '/etc/postern/token-review', cacheTtl: 'PT10S' } })

beforeAll(() => {
  const { configuration, compiled } = currentPolicy()
  const [prod] = configuration.clusters
  if (!prod) throw new Error('the policy has no cluster')
  const { entitlements } = configuration
  return cluster.install({ cluster: prod, entitlements, compiled, admission: defaultAdmission })
})

const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/payments/rolebindings'
const user = (id: string) => `postern:grant:${id}`

test('a grant without a ServiceAccount begins, works and ends', async () => {
  const { id, lead } = await anActiveGrant()
  expect(await objectsInCluster(id)).toHaveLength(2)
  expect(await canI(user(id), 'patch', 'deployments.apps')).toBe('yes')
  await revokeGrant(asActor(lead), id, { reason: 'enough' })
  await grantReaches(id, 'ended')
  expect(await canI(user(id), 'patch', 'deployments.apps')).toBe('no')
})

test('Postern’s own credential binds the Role of a grant to no one but the user of this grant', async () => {
  const { id, name } = await anActiveGrant()
  const { id: other } = await anActiveGrant()
  const created = JSON.parse(await cluster.kubectl(['get', 'rolebinding', name, '-n', 'payments', '-o', 'json']))
  const { metadata, roleRef, subjects } = created
  await cluster.kubectl(['delete', 'rolebinding', name, '-n', 'payments'])
  const { labels, annotations } = metadata
  const bind = async (to: object[]) => {
    const body = { apiVersion: created.apiVersion, kind: created.kind, roleRef, subjects: to }
    const sent = { ...body, metadata: { name, namespace: 'payments', labels, annotations } }
    return (await cluster.asPostern('POST', `${bindings}?dryRun=All`, sent)).status
  }
  const [own] = subjects
  expect(own).toMatchObject({ kind: 'User', name: user(id) })
  const hostile = [
    [{ ...own, name: user(other) }],
    [{ ...own, name: 'mallory@example.com' }],
    [{ ...own, name: `${user(id)}x` }],
    [{ ...own, name: 'postern:grants', kind: 'Group' }],
    [{ ...own, name: user(id), kind: 'Group' }],
    [own, { ...own, name: 'mallory@example.com' }],
    [{ kind: 'ServiceAccount', name: objectName(other), namespace: 'postern-grants' }],
  ]
  for (const to of hostile) expect(await bind(to), JSON.stringify(to)).toBe(403)
  expect(await bind([own])).toBe(201)
})

test('the user of a grant creates no lasting access, even with permissions to do so', async () => {
  const { id } = await anActiveGrant()
  const binding = ['create', 'rolebinding', 'for-the-test', '--clusterrole=admin', '-n', 'payments']
  await cluster.kubectl([...binding, `--user=${user(id)}`])
  expect(await canI(user(id), 'create', 'rolebindings.rbac.authorization.k8s.io')).toBe('yes')
  const lasting = ['create', 'rolebinding', 'lasting', '--clusterrole=view', '--user=mallory', '-n', 'payments']
  for (const as of [[`--as=${user(id)}`], ['--as=someone', '--as-group=postern:grants', '--as-group=system:masters']])
    await expect(cluster.kubectl([...lasting, ...as])).rejects.toThrow(/With a grant, no one creates or changes roles/)
  await cluster.kubectl(['delete', 'rolebinding', 'for-the-test', '-n', 'payments'])
})
