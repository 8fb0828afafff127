import { randomBytes } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { closeClusters } from '#lib/adapters/cluster/client'
import { db } from '#lib/adapters/db/client'
import { savePosture } from '#lib/adapters/db/clusters/posture'
import { currentPolicy } from '#lib/adapters/policy/current'
import { postureResource } from '#lib/core/access/posture-finding'
import { judgePosture } from '#lib/core/rbac/posture/judge'
import { getPosture } from '#lib/views/get-posture'
import { testBench } from '#testing/bench'
import { aCluster } from '#testing/cluster'
import { aConfiguration } from '#testing/configuration'
import { kubectl } from '#testing/kubectl'
import { ownCluster } from '#testing/own-cluster'
import { anActor } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aClusterState } from '#testing/requests'
import { readRightsOf } from './read-rights.ts'
import { workerActor } from './work.ts'

// Its own cluster: the bindings of other test files fill the lists and the events of a reading.
await ownCluster('posture')
const { database } = await testBench({ configuration: aConfiguration({ clusters: [aCluster()] }), clusterState: null })
const name = `helper-${randomBytes(4).toString('hex')}`
afterAll(async () => {
  await kubectl(['delete', 'clusterrolebinding', name, '--ignore-not-found'])
  await kubectl([
    ...['delete', `rolebinding/${name}`, `role/${name}`, `serviceaccount/${name}`],
    ...['--namespace', 'payments', '--ignore-not-found'],
  ])
  await closeClusters()
})

const auditor = await anActor({ roles: ['auditor'] })
const engineer = await anActor()

/** Reads the cluster as the worker does, although the last reading was a moment ago. */
async function read() {
  await database.asOwner('UPDATE cluster_rights SET next_read_at = now()')
  await readRightsOf(currentPolicy().configuration, 'prod-eu', new AbortController().signal)
  return getPosture(auditor, 'prod-eu')
}
const ours = ({ binding }: { binding: { name: string } }) => binding.name === name
const events = () =>
  db().auditEvent.findMany({
    where: { type: { startsWith: 'posture.' } },
    orderBy: { seq: 'asc' },
    select: { type: true, data: true },
  })

test('a ServiceAccount that becomes cluster-admin is a finding at the next reading, and resolved once it is not', async () => {
  const before = await read()
  expect(before.open.filter(ours)).toEqual([])
  // Everything that was there at the first reading is one event.
  expect((await events()).map(({ type }) => type)).toEqual(['posture.recorded'])

  await kubectl([
    'create',
    'clusterrolebinding',
    name,
    '--clusterrole=cluster-admin',
    '--serviceaccount=payments:default',
  ])
  const found = (await read()).open.filter(ours)
  expect(found.map(({ check, severity }) => [check, severity]).sort()).toEqual([
    ['default-account', 'medium'],
    ['everything', 'high'],
  ])
  expect(found.find(({ check }) => check === 'everything')).toMatchObject({
    ...{ subjects: ['ServiceAccount payments/default'], role: { kind: 'ClusterRole', name: 'cluster-admin' } },
    ...{ binding: { kind: 'ClusterRoleBinding', namespace: '', name }, resolvedAt: null },
    fix: expect.arrayContaining([`kubectl delete clusterrolebinding/${name}`]),
  })
  await read()
  const eventsOf = async (which: string) =>
    (await events()).filter(
      ({ type, data }) => type === which && (data as { binding: string }).binding === `ClusterRoleBinding ${name}`,
    )
  const opened = await eventsOf('posture.opened')
  expect(opened).toHaveLength(2)
  // The reading that found it wrote the entry from which people are notified (posture.db.test.ts).
  const worsened = (await events()).filter(
    ({ type, data }) => type === 'posture.worsened' && found.some(({ id }) => JSON.stringify(data).includes(id)),
  )
  expect(worsened).toHaveLength(1)
  expect(await db().outboxEntry.count({ where: { kind: 'posture-worsened' } })).toBeGreaterThan(0)

  await kubectl(['delete', 'clusterrolebinding', name])
  const after = await read()
  expect(after.open.filter(ours)).toEqual([])
  expect(after.resolved.filter(ours)).toHaveLength(2)
  expect(postureResource.parse(after)).toEqual(after)
  expect(await eventsOf('posture.resolved')).toHaveLength(2)
})

test('someone who can reach cluster-admin step by step is a finding with each step', async () => {
  const inPayments = ['--namespace', 'payments']
  const objects = [
    ['create', 'serviceaccount', name, ...inPayments],
    ['create', 'clusterrolebinding', name, '--clusterrole=cluster-admin', `--serviceaccount=payments:${name}`],
    ['create', 'role', name, '--verb=create', '--resource=pods/exec', ...inPayments],
    ['create', 'rolebinding', name, `--role=${name}`, `--user=${name}`, ...inPayments],
  ]
  for (const one of objects) await kubectl(one)
  const found = (await read()).open.filter(
    ({ check, subjects }) => check === 'takeover' && subjects.includes(`User ${name}`),
  )
  expect(found).toMatchObject([
    {
      severity: 'high',
      path: [
        { from: `User ${name}`, binding: `RoleBinding payments/${name}`, to: `ServiceAccount payments/${name}` },
        { from: `ServiceAccount payments/${name}`, binding: `ClusterRoleBinding ${name}`, to: 'cluster-admin' },
      ],
    },
  ])
  await kubectl(['delete', `rolebinding/${name}`, `role/${name}`, `serviceaccount/${name}`, ...inPayments])
  await kubectl(['delete', 'clusterrolebinding', name])
  expect((await read()).open.filter(({ subjects }) => subjects.includes(`User ${name}`))).toEqual([])
})

test('the permissions of Postern itself are listed with their reasons, and are no findings', async () => {
  const { open, own } = await read()
  expect(own.map(({ role }) => role.name)).toEqual(expect.arrayContaining(['postern-reader', 'postern-granter']))
  expect(open.filter(({ subjects }) => subjects.includes('ServiceAccount postern-system/postern'))).toEqual([])
})

test('a namespace without a Pod Security label is a finding until it has one, although no binding changes', async () => {
  const label = 'pod-security.kubernetes.io/enforce'
  const unlabelled = async () =>
    (await read()).open.filter(({ check }) => check === 'no-pod-security').map(({ binding }) => binding.name)
  const state = (labels: Record<string, string>) => aClusterState({ namespaces: [{ name: 'payments', labels }] })
  await state({ environment: 'prod' })
  expect(await unlabelled()).toEqual(['payments'])
  await state({ environment: 'prod', [label]: 'restricted' })
  expect(await unlabelled()).toEqual([])
})

test('the bindings of a new cluster of Kubernetes are no findings', async () => {
  const { open } = await read()
  expect(open.filter(({ binding }) => binding.name.startsWith('system:') || binding.name === 'cluster-admin')).toEqual(
    [],
  )
})

test('a name that the database cannot store does not hide the findings of a cluster', async () => {
  const rights = {
    objects: {
      roles: [],
      clusterRoles: [{ metadata: { name: 'all' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }],
      roleBindings: [],
      clusterRoleBindings: [
        {
          metadata: { name: 'b\u0000\ud800' },
          roleRef: { kind: 'ClusterRole', name: 'all' },
          subjects: [{ kind: 'User', name: `eve\u0000${'x'.repeat(5000)}` }],
        },
      ],
    },
    served: null,
    serviceAccounts: null,
  }
  const { findings, ...others } = judgePosture(rights)
  const judged = findings.map((one) => ({ ...one, suppressed: null }))
  await savePosture(workerActor(), 'hostile', { basis: 'a', findings: judged, ...others })
  expect(await db().postureFinding.count({ where: { cluster: 'hostile', resolvedAt: null } })).toBe(1)
})

test('only auditors and admins see the posture of a cluster', async () => {
  expect(await rejectionOf(getPosture(engineer, 'prod-eu'))).toMatchObject({ code: 'not-found' })
  expect(await rejectionOf(getPosture(auditor, 'nowhere'))).toMatchObject({ code: 'not-found' })
})
