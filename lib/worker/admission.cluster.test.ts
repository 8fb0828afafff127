import { beforeAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { currentPolicy } from '#lib/adapters/policy/current'
import { admissionState } from '#lib/core/access/admission-state'
import { defaultAdmission } from '#lib/core/admission/section'
import { issueCredential } from '#lib/operations/issue-credential'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { admissionCluster } from '#testing/admission-cluster'
import { anActiveGrant, grantReaches, manifestsOf, objectsInCluster } from '#testing/grants'
import { asActor } from '#testing/people'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'
import { refreshCluster } from './refresh-cluster.ts'

const cluster = await admissionCluster()
const { publicUrl, sweep } = await workerBench()

const installOurs = async () => {
  const { configuration, compiled } = currentPolicy()
  const [prod] = configuration.clusters
  if (!prod) throw new Error('the policy has no cluster')
  await cluster.install({
    cluster: prod,
    entitlements: configuration.entitlements,
    compiled,
    admission: defaultAdmission,
  })
}
beforeAll(installOurs)

const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/payments'
const tokenOf = (kubeconfig: string) => /token: (\S+)/.exec(kubeconfig)?.[1] ?? ''

test('with the policies installed, a grant begins, is repaired, issues credentials and ends', async () => {
  const { id, name, holder, lead } = await anActiveGrant()
  const { kubeconfig } = await issueCredential(asActor(holder), id)
  const asHolder = cluster.withToken(tokenOf(kubeconfig))
  expect((await asHolder('GET', '/apis/apps/v1/namespaces/payments/deployments')).status).toBe(200)

  // Someone who could also remove the policies may still delete a Role by hand, for the day on which Postern is down.
  await cluster.kubectl(['delete', 'role', name, '-n', 'payments'])
  await sweep()
  await until('the grant is repaired', async () => {
    const findings = await db().finding.findMany({ where: { grantId: id } })
    return findings.length > 0 && findings.every(({ outcome }) => outcome === 'repaired')
  })
  expect(await objectsInCluster(id)).toHaveLength(3)

  await revokeGrant(asActor(lead), id, { reason: 'enough' })
  await grantReaches(id, 'ended')
  expect(await objectsInCluster(id)).toEqual([])
})

test('with the policies installed, the sweep deletes an object without a grant', async () => {
  const { id, holder, lead, request } = await anActiveGrant()
  const stray = manifestsOf(id, { holder, lead, request }, { publicUrl, expiresAt: new Date(Date.now() + 60_000) })
  const [, role] = stray
  if (!role) throw new Error('the grant has no Role')
  const metadata = { ...role.metadata, namespace: 'checkout' }
  expect(
    (await cluster.asPostern('POST', roles.replace('payments', 'checkout').concat('/roles'), { ...role, metadata }))
      .status,
  ).toBe(201)
  expect(await objectsInCluster(id)).toHaveLength(4)
  await sweep()
  expect(await objectsInCluster(id)).toHaveLength(3)
})

test('the holder of a grant creates no lasting access, even with permissions to do so', async () => {
  const { id, name, holder } = await anActiveGrant()
  const { kubeconfig } = await issueCredential(asActor(holder), id)
  const asHolder = cluster.withToken(tokenOf(kubeconfig))
  const account = `system:serviceaccount:postern-grants:${name}`
  await cluster.kubectl([
    'create',
    'rolebinding',
    'too-much',
    '-n',
    'payments',
    '--clusterrole=admin',
    `--user=${account}`,
  ])
  const binding = {
    metadata: { name: 'lasting' },
    subjects: [{ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  }
  const core = '/api/v1/namespaces/payments'
  const secret = {
    type: 'kubernetes.io/service-account-token',
    metadata: { name: 'lasting', annotations: { 'kubernetes.io/service-account.name': 'default' } },
  }
  const tries: [string, string, unknown][] = [
    ['POST', `${roles}/rolebindings`, binding],
    ['POST', `${roles}/roles`, { metadata: { name: 'lasting' }, rules: [] }],
    ['POST', `${core}/serviceaccounts`, { metadata: { name: 'lasting' } }],
    ['POST', `${core}/serviceaccounts/default/token`, { spec: { expirationSeconds: 600 } }],
    ['POST', `${core}/secrets`, secret],
    ['PATCH', `${roles}/rolebindings/too-much`, { metadata: { labels: { a: 'b' } } }],
  ]
  const isAllowed = async () => (await asHolder('GET', `${core}/secrets`)).status === 200
  await until('the API server knows the binding', isAllowed, 60_000)
  for (const [method, path, body] of tries) {
    const { status, body: answer } = await asHolder(method, path, body)
    expect([method, path, status, answer.message]).toEqual([
      method,
      path,
      403,
      expect.stringContaining("'postern-grant-holders'"),
    ])
  }
  // What the grant is for is still allowed.
  const patch = { metadata: { annotations: { restarted: 'now' } } }
  expect((await asHolder('PATCH', '/apis/apps/v1/namespaces/payments/deployments/ledger', patch)).status).toBe(200)
  expect(
    (await asHolder('POST', `${core}/secrets`, { metadata: { name: 'ordinary' }, stringData: { a: 'b' } })).status,
  ).toBe(201)
})

test('no one else writes the objects of a grant, or in the namespace of the grants', async () => {
  const { name } = await anActiveGrant()
  const eve = 'system:serviceaccount:payments:default'
  for (const role of ['role', 'grants']) {
    const place = role === 'role' ? 'payments' : 'postern-grants'
    await cluster.kubectl(['create', 'rolebinding', `eve-${role}`, '-n', place, '--clusterrole=admin', `--user=${eve}`])
  }
  const token = await cluster.kubectl(['create', 'token', 'default', '-n', 'payments'])
  const asEve = cluster.withToken(token.trim())
  const grants = '/api/v1/namespaces/postern-grants'
  const isAllowed = async () => (await asEve('GET', `${grants}/serviceaccounts`)).status === 200
  await until('the API server knows the bindings', isAllowed, 60_000)
  const labelled = { metadata: { name: 'x', labels: { 'postern.dev/grant': 'grt_x' } }, rules: [] }
  const tries: [string, string, unknown?][] = [
    ['PATCH', `${roles}/roles/${name}`, { rules: [] }],
    ['PATCH', `${roles}/roles/${name}`, { metadata: { labels: null } }],
    ['DELETE', `${roles}/rolebindings/${name}`],
    ['DELETE', `${roles}/roles`],
    ['POST', `${roles}/roles`, labelled],
    ['POST', `${roles}/roles`, { metadata: { name: `postern-${'0'.repeat(26)}` }, rules: [] }],
    ['POST', `${grants}/serviceaccounts/${name}/token`, { spec: { expirationSeconds: 600 } }],
    ['POST', `${grants}/serviceaccounts`, { metadata: { name: 'eve' } }],
    ['POST', `${grants}/configmaps`, { metadata: { name: 'eve' } }],
    ['DELETE', `${grants}/serviceaccounts/${name}`],
  ]
  for (const [method, path, body] of tries) {
    const { status, body: answer } = await asEve(method, path, body)
    expect([method, path, status, answer.message]).toEqual([method, path, 403, expect.stringMatching(/policy|Policy/)])
  }
})

test('a namespace with grants can be deleted, and Kubernetes keeps its own objects in the namespace of the grants', async () => {
  // The API server deletes it, and the controller creates it again.
  await cluster.kubectl(['delete', 'serviceaccount', 'default', '-n', 'postern-grants'])
  const restored = () => cluster.kubectl(['get', 'serviceaccount', 'default', '-n', 'postern-grants', '-o', 'name'])
  await until('Kubernetes has restored its ServiceAccount', () => restored().then(Boolean, () => false), 60_000)
  await cluster.kubectl(['create', 'namespace', 'checkout-old'])
  await cluster.kubectl([
    ...['create', 'rolebinding', 'postern-granter', '-n', 'checkout-old', '--clusterrole=postern-granter'],
    '--serviceaccount=postern-system:postern',
  ])
  const { id } = await anActiveGrant({ namespaces: ['checkout-old'] })
  expect(await objectsInCluster(id)).toHaveLength(3)
  await cluster.kubectl(['delete', 'namespace', 'checkout-old', '--timeout=60s'])
  expect(await cluster.kubectl(['get', 'namespace', 'checkout-old', '--ignore-not-found', '-o', 'name'])).toBe('')
})

test('the state of a cluster says whether its policies are as configured, and who may read it decides what is known', async () => {
  const state = async () => {
    await refreshCluster(currentPolicy().configuration, 'prod-eu', 0)
    const { admission } = await db().clusterState.findUniqueOrThrow({ where: { name: 'prod-eu' } })
    return admissionState.parse(admission)
  }
  expect(await state()).toEqual({ status: 'installed', differences: [] })
  const patch = ['-p', '{"spec":{"validationActions":["Audit"]}}', '--type=merge']
  await cluster.kubectl(['patch', 'validatingadmissionpolicybinding', 'postern-worker', ...patch])
  const changed = { kind: 'ValidatingAdmissionPolicyBinding', name: 'postern-worker', drift: 'changed' }
  expect(await state()).toEqual({ status: 'changed', differences: [changed] })
  await installOurs()
  expect((await state()).status).toBe('installed')
  await cluster.kubectl([
    'delete',
    'validatingadmissionpolicy,validatingadmissionpolicybinding',
    '-l',
    'app.kubernetes.io/part-of=postern-admission',
  ])
  expect((await state()).status).toBe('missing')
  await cluster.kubectl(['delete', 'clusterrolebinding', 'postern-admission-reader'])
  await until('Postern may not read them', async () => (await state()).status === 'unknown', 60_000)
})
