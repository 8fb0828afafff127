import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeId } from '#lib/core/access/ids'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { type GrantFacts, grantObjects, keyOf } from '#lib/core/grants/manifests'
import { objectName, userGroups, userName } from '#lib/core/grants/names'
import { testParts } from '#testing/database'
import { kubectl } from '#testing/kubectl'
import { startProxy } from '#testing/proxy'
import { type ClusterClient, closeClusters, clusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { createObject, deleteExactly, deleteObject, listOurs } from './objects.ts'
import { listNamespaces, readClusterRole, readNamespaces, readVersion } from './read-cluster.ts'
import { review, reviewSelf } from './reviews.ts'
import { requestToken } from './tokens.ts'

const { kubernetes } = testParts()
let client: ClusterClient
beforeAll(async () => {
  client = await clusterClient({ name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig } })
})
afterAll(closeClusters)

const facts = (some: Partial<GrantFacts> = {}): GrantFacts => ({
  subject: 'ServiceAccount',
  grantId: makeId('grant', new Date(), randomBytes(10)),
  namespaces: ['payments'],
  rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
  clusterRole: null,
  requester: { email: 'ada@example.com', subject: 'ada' },
  requestUrl: 'https://postern.example.com/requests/req_1',
  digest: `sha256:${'0'.repeat(64)}`,
  expiresAt: new Date('2030-01-01T00:00:00Z'),
  ...some,
})
const question = (verb: string) => ({
  namespace: 'payments',
  verb,
  group: 'apps',
  resource: 'deployments',
  subresource: '',
  name: '',
})
const may = async (grantId: string, verb: string) =>
  (await review(client, { user: userName(grantId), groups: userGroups }, [question(verb)]))[0]

/** The API server's authorizer learns of changes from a watch, some milliseconds later. */
const becomes = (expected: boolean, probe: () => Promise<boolean | undefined>) =>
  expect.poll(probe, { timeout: 60_000, interval: 20 }).toBe(expected)

async function make(given: GrantFacts) {
  return Promise.all(grantObjects(given).map((manifest) => createObject(client, manifest)))
}

describe('with only the rights of deploy/rbac.yaml', () => {
  test('access works once its objects are created, and is denied once they are deleted', async () => {
    const given = facts()
    const created = await make(given)
    expect(created.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Role', 'RoleBinding'])
    await becomes(true, () => may(given.grantId, 'patch'))
    expect(await may(given.grantId, 'delete')).toBe(false)
    for (const object of created.toReversed()) await deleteObject(client, object, given.grantId, object.uid)
    await becomes(false, () => may(given.grantId, 'patch'))
    expect(
      (await listOurs(client, 'postern.example.com')).filter(({ name }) => name === objectName(given.grantId)),
    ).toEqual([])
  })

  test('a second list shows changed, added and deleted objects, and does not parse unchanged pages again', async () => {
    const given = facts({ requestUrl: 'https://listed.example.com/requests/req_1' })
    const list = async () => {
      const objects = await listOurs(client, 'listed.example.com')
      return new Map(objects.map((object) => [object.kind, object]))
    }
    await make(given)
    const [first, again] = [await list(), await list()]
    expect([...first.keys()].sort()).toEqual(['Role', 'RoleBinding', 'ServiceAccount'])
    expect(again.get('Role')).toBe(first.get('Role'))
    const role = ['role', objectName(given.grantId), '-n', 'payments']
    await kubectl(['patch', ...role, '--type=json', '-p', '[{"op":"add","path":"/rules/0/verbs/-","value":"delete"}]'])
    const changed = await list()
    expect(changed.get('Role')?.fingerprint).not.toBe(first.get('Role')?.fingerprint)
    expect(changed.get('RoleBinding')).toBe(first.get('RoleBinding'))
    await kubectl(['delete', ...role])
    expect([...(await list()).keys()].sort()).toEqual(['RoleBinding', 'ServiceAccount'])
  })

  test('Postern may bind a vetted ClusterRole, and the cluster refuses any other', async () => {
    const view = facts({ clusterRole: 'view', rules: [] })
    await make(view)
    const admin = facts({ clusterRole: 'admin', rules: [] })
    await expect(make(admin)).rejects.toMatchObject({ kind: 'refused', status: 403 })
  })

  test('the cluster refuses Postern’s objects in a namespace where it has no rights', async () => {
    await expect(make(facts({ namespaces: ['kube-system'] }))).rejects.toMatchObject({ kind: 'refused', status: 403 })
  })

  test('Postern itself may not read Secrets, change a Role or create pods', async () => {
    const about = { namespace: 'payments', group: '', subresource: '', name: '' }
    const answers = await reviewSelf(client, [
      { ...about, verb: 'get', resource: 'secrets' },
      { ...about, verb: 'create', resource: 'pods' },
      { ...about, verb: 'patch', resource: 'roles', group: 'rbac.authorization.k8s.io' },
      { ...about, verb: 'update', resource: 'rolebindings', group: 'rbac.authorization.k8s.io' },
      { ...about, verb: 'create', resource: 'roles', group: 'rbac.authorization.k8s.io', namespace: 'kube-system' },
      { ...about, verb: 'create', resource: 'roles', group: 'rbac.authorization.k8s.io' },
    ])
    expect(answers).toEqual([false, false, false, false, false, true])
  })
})

describe('an object that already exists', () => {
  test('creating an object of this grant again succeeds and keeps the existing one', async () => {
    const given = facts()
    const [first, second] = [await make(given), await make(given)]
    expect(second.map(({ uid }) => uid)).toEqual(first.map(({ uid }) => uid))
  })

  test('an existing object without this grant’s label is neither adopted nor deleted', async () => {
    const given = facts()
    const [, role] = grantObjects(given)
    if (role?.kind !== 'Role') throw new Error('no role')
    await kubectl(['create', 'role', role.metadata.name, '-n', 'payments', '--verb=get', '--resource=pods'])
    await expect(createObject(client, role)).rejects.toMatchObject({ kind: 'refused', status: 409 })
    await deleteObject(client, keyOf(role), given.grantId, null)
    expect(await kubectl(['get', 'role', role.metadata.name, '-n', 'payments', '-o', 'name'])).toContain('role')
  })

  test('an existing object that allows more than was approved is not adopted', async () => {
    const given = facts()
    const wider = grantObjects({ ...given, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] })
    await kubectl(['create', '-f', '-'], { input: JSON.stringify(wider[1]) })
    await expect(make(given)).rejects.toMatchObject({ kind: 'refused', status: 409 })
  })

  test('an object under the same name with another uid is deleted only if its label names this grant', async () => {
    const given = facts()
    const [account] = await make(given)
    if (!account) throw new Error('nothing created')
    const gone = '00000000-0000-0000-0000-000000000000'
    await deleteObject(client, account, makeId('grant', new Date(), randomBytes(10)), gone)
    expect(await kubectl(['get', 'sa', account.name, '-n', grantsNamespace, '-o', 'name'])).toContain(account.name)
    await deleteObject(client, account, given.grantId, gone)
    await expect(kubectl(['get', 'sa', account.name, '-n', grantsNamespace])).rejects.toThrow(/not found/i)
  })

  test('deleting an object twice succeeds', async () => {
    const given = facts()
    const [account] = await make(given)
    if (!account) throw new Error('nothing created')
    for (const _ of [1, 2]) await deleteObject(client, account, given.grantId, account.uid)
    await deleteExactly(client, account)
  })
})

describe('a token', () => {
  test('a token is valid for the requested time, and only for the ServiceAccount with the given uid', async () => {
    const given = facts()
    const [account] = await make(given)
    if (!account) throw new Error('nothing created')
    const { token, jti, expiresAt } = await requestToken(client, account, 600)
    expect(token.split('.')).toHaveLength(3)
    expect(jti).toMatch(/^[0-9a-f-]{36}$/)
    const { iat, exp } = decodeJwt(token)
    expect([(exp ?? 0) - (iat ?? 0), expiresAt]).toEqual([600, new Date((exp ?? 0) * 1000)])
    const other = { ...account, uid: '00000000-0000-0000-0000-000000000000' }
    await expect(requestToken(client, other, 600)).rejects.toBeInstanceOf(ClusterError)
  })
})

describe('reading a cluster', () => {
  test('Postern reads the version, the namespaces with their labels, and the rules of a vetted ClusterRole', async () => {
    expect(await readVersion(client)).toMatch(/^v1\.\d+/)
    const all = await listNamespaces(client)
    expect(all.find(({ name }) => name === 'payments')?.labels).toMatchObject({ environment: 'prod' })
    expect(await readNamespaces(client, ['payments', 'not-there'])).toEqual(
      all.filter(({ name }) => name === 'payments'),
    )
    const view = await readClusterRole(client, 'view')
    expect(view?.some(({ resources }) => resources.includes('pods'))).toBe(true)
  })
  test('calls use one kept connection instead of a new one each', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(kubernetes.server).port) })
    const scratch = mkdtempSync(join(tmpdir(), 'postern-objects-'))
    try {
      const file = join(scratch, 'kubeconfig')
      const text = readFileSync(kubernetes.posternKubeconfig, 'utf8')
      writeFileSync(file, text.replaceAll(kubernetes.server, `https://127.0.0.1:${proxy.port}`), { mode: 0o600 })
      const proxied = await clusterClient({ name: 'proxied', kubeconfig: { file } })
      for (let i = 0; i < 20; i++) expect(await readVersion(proxied)).toMatch(/^v1\.\d+/)
      expect(proxy.accepted()).toBe(1)
    } finally {
      await proxy.stop()
      rmSync(scratch, { recursive: true })
    }
  })
})

describe('a kubeconfig', () => {
  test('a missing kubeconfig is a transient failure that names the system’s error code', async () => {
    const missing = clusterClient({ name: 'other', kubeconfig: { file: '/nonexistent/kubeconfig' } })
    await expect(missing).rejects.toMatchObject({ kind: 'transient', message: expect.stringContaining('ENOENT') })
  })
})
