import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { closeClusters } from '#lib/adapters/cluster/client'
import { db } from '#lib/adapters/db/client'
import { readRights } from '#lib/adapters/db/clusters/cluster-rights'
import { signatureOf } from '#lib/adapters/db/signing'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { serviceAccountIdentity } from '#lib/core/rbac/identity'
import { rightsStatement } from '#lib/core/signing/statements'
import { previewRequest } from '#lib/views/preview-request'
import { writeKubeconfig } from '#local/parts/kubeconfig'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { testDatabase, testParts } from '#testing/database'
import { kubectl } from '#testing/kubectl'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aClusterState } from '#testing/requests'
import { readRightsOf } from './read-rights.ts'
import { refreshCluster } from './refresh-cluster.ts'

// What people can do already, read from a real cluster by the worker, and seen by a process that never asks the cluster.

const { kubernetes } = testParts()
const database = await testDatabase()
const mark = randomBytes(4).toString('hex')
const namespace = `rights-${mark}`
const group = `dev-${mark}`
const directory = mkdtempSync(join(tmpdir(), 'postern-rights-'))
const people = { username: 'email', usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' }
const prodEu = { name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig }, publicServer: kubernetes.server }
const blindFile = join(directory, 'blind.kubeconfig')
const restart = anEntitlementDocument({
  name: 'restart',
  who: { groups: [group] },
  namespaces: [namespace, 'payments'],
})
const document = aConfiguration({
  clusters: [
    { ...prodEu, people },
    { ...prodEu, name: 'strange' },
    { ...prodEu, name: 'blind', kubeconfig: { file: blindFile }, people },
  ],
  entitlements: [
    { ...restart, clusters: ['prod-eu', 'strange', 'blind'] },
    {
      ...anEntitlementDocument({ name: 'pods', who: { groups: [group] }, namespaces: [namespace] }),
      rules: [{ apiGroups: [''], resources: ['pods', 'deployment'], verbs: ['create'] }],
    },
  ],
})
const policy = await testPolicy(document)
const apply = (objects: object[]) =>
  kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) })

const rbac = 'rbac.authorization.k8s.io'
const bind = (name: string, role: string, subjects: object[], at = namespace) => ({
  ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name, namespace: at } },
  ...{ roleRef: { apiGroup: rbac, kind: 'Role', name: role }, subjects },
})
const role = (name: string, rules: object[]) => ({
  ...{ apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name, namespace }, rules },
})
const look = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] }
const theGroup = { apiGroup: rbac, kind: 'Group', name: `oidc:${group}` }

let mina: PersonActor
const read = (name: string) => readRightsOf(currentPolicy().configuration, name, new AbortController().signal)
const readAgain = async (name: string) => {
  await database.asOwner('UPDATE cluster_rights SET next_read_at = now()')
  await read(name)
}
/** As if the worker had last read it then, and failed since. */
async function wasReadMinutesAgo(cluster: string, minutes: number) {
  const { hash } = await db().clusterRights.findUniqueOrThrow({ where: { cluster } })
  const readAt = new Date(Date.now() - minutes * 60_000)
  const signature = signatureOf('rights', rightsStatement({ cluster, hash: hash ?? '', readAt }))
  await db().clusterRights.update({ where: { cluster }, data: { readAt, signature, error: 'away' } })
}
const ask = (changes: object = {}) =>
  previewRequest(mina, {
    ...{ entitlement: 'restart', cluster: 'prod-eu', namespaces: [namespace] },
    ...{ reason: 'the checkout pods hang', durationSeconds: 1800, ...changes },
  })

beforeAll(async () => {
  mina = await anActor({ groups: [group], email: `mina-${mark}@example.com` })
  await kubectl(['create', 'namespace', namespace])
  await apply([
    role('look', [look]),
    bind('developers-look', 'look', [theGroup]),
    role('power', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', namespace } },
    bind('robot-has-power', 'power', [{ kind: 'ServiceAccount', name: 'robot', namespace }]),
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: namespace } },
      rules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['list'] }],
    },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name: namespace } },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: namespace },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace }],
    },
  ])
  const token = await kubectl(['create', 'token', 'robot', '-n', namespace])
  writeKubeconfig(blindFile, { ...kubernetes, name: 'blind' }, { token: token.trim() })
  for (const name of ['prod-eu', 'strange', 'blind'])
    await aClusterState({ name, namespaces: [{ name: namespace, labels: {} }] })
})
beforeEach(() => readAgain('prod-eu'))
afterAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--wait=false'])
  await kubectl(['delete', 'clusterrole,clusterrolebinding', namespace])
  await policy.stop()
  await closeClusters()
  await database.drop()
  rmSync(directory, { recursive: true, force: true })
})

describe('what would be new', () => {
  test('is what the person cannot do there today, by group and user name as that cluster knows them', async () => {
    const { difference } = await ask()
    expect(difference).toMatchObject({
      known: true,
      held: [{ namespaces: [namespace], rules: [look] }],
      gained: [{ namespaces: [namespace], rules: [{ ...look, verbs: ['patch', 'watch'] }] }],
    })
    await apply([
      role('patch', [{ ...look, verbs: ['patch'] }]),
      bind('mina-patches', 'patch', [{ apiGroup: rbac, kind: 'User', name: `oidc:mina-${mark}@example.com` }]),
    ])
    await readAgain('prod-eu')
    expect((await ask()).difference).toMatchObject({ gained: [{ rules: [{ verbs: ['watch'] }] }] })
  })

  test('is not known for somebody whose e-mail is not verified, and no name is guessed', async () => {
    const person = { ...mina.person, emailVerified: false }
    const submission = {
      entitlement: 'restart',
      cluster: 'prod-eu',
      namespaces: [namespace],
      reason: 'x',
      durationSeconds: 600,
    }
    const { difference } = await previewRequest({ ...mina, person }, submission)
    expect(difference).toEqual({ known: false, why: expect.stringContaining('verified e-mail') })
  })

  test('is not known where the configuration does not say how the cluster knows people', async () => {
    await readAgain('strange')
    const { difference } = await ask({ cluster: 'strange' })
    expect(difference).toEqual({
      known: false,
      why: expect.stringContaining('does not say which user names strange uses'),
    })
  })

  test('is not known where Postern may not read who may do what, nor where it was never read', async () => {
    expect((await ask({ cluster: 'blind' })).difference).toMatchObject({ why: expect.stringContaining('has not read') })
    await readAgain('blind')
    await read('blind')
    expect((await ask({ cluster: 'blind' })).difference).toMatchObject({ why: expect.stringContaining('may not read') })
  })

  test('is not known any more when it was read too long ago, and what was read before an outage counts until then', async () => {
    await wasReadMinutesAgo('prod-eu', 29)
    expect((await ask()).difference.known).toBe(true)
    await wasReadMinutesAgo('prod-eu', 31)
    expect((await ask()).difference).toMatchObject({ known: false, why: expect.stringContaining('too long ago') })
  })
})

describe('whoever writes to the database as the application’s role', () => {
  const nothing = gzipSync('{}')
  const itsHash = `sha256:${createHash('sha256').update('{}').digest('hex')}`
  test.each([
    ['content of their own under its own hash', { content: nothing, hash: itsHash }],
    ['an old reading as if it were of now', { read_at: new Date() }],
    ['no signature', { signature: null }],
  ])(
    'does not make a request look harmless by %s: nothing is known then, until the next reading',
    async (_, change) => {
      await readAgain('prod-eu')
      expect((await ask()).difference.known).toBe(true)
      for (const [column, value] of Object.entries(change))
        await database.asApp(`UPDATE cluster_rights SET ${column} = $1 WHERE cluster = 'prod-eu'`, [value])
      expect((await ask()).difference).toMatchObject({
        known: false,
        why: expect.stringContaining('not written by Postern'),
      })
      await readAgain('prod-eu')
      expect((await ask()).difference.known).toBe(true)
    },
  )
})

describe('guardrails that look at the difference', () => {
  const patches = {
    ...{ name: 'no-new-patch', description: 'Nobody comes to patch.', effect: 'deny' },
    when: "difference.added.exists(a, a.verb == 'patch' && a.resource == 'deployments')",
  }
  const codes = async (changes: object = {}) => (await ask(changes)).verdict.violations.map(({ code }) => code)
  const guard = (when: string) => policy.change({ ...document, guardrails: [{ ...patches, when }] })

  test('judge by it where it is known, and count as violated where it is not, unless they ask whether it is', async () => {
    await kubectl(['delete', 'rolebinding', 'mina-patches', '-n', namespace, '--ignore-not-found'])
    await readAgain('prod-eu')
    await guard(patches.when)
    expect(await codes()).toEqual(['no-new-patch'])
    await apply([
      bind('mina-patches', 'look', [theGroup]),
      role('look', [{ ...look, verbs: ['get', 'list', 'patch'] }]),
    ])
    await readAgain('prod-eu')
    expect(await codes()).toEqual([])
    expect(await codes({ cluster: 'strange' })).toEqual(['no-new-patch'])
    await guard(`difference.known && ${patches.when}`)
    expect(await codes({ cluster: 'strange' })).toEqual([])
    await policy.change(document)
  })
})

describe('what else the live cluster says', () => {
  test('the service accounts with more power than the requester are named, and names that grant nothing', async () => {
    const { risk } = await ask({ entitlement: 'pods' })
    const creates = risk.findings.find(({ id }) => id === 'creates-pods')
    expect(creates?.because).toContain(`service account ${namespace}/robot may also list namespaces; get secrets`)
    expect(creates?.because.join()).not.toContain('default')
    const unknown = risk.findings.find(({ id }) => id === 'unknown-resources')
    expect(unknown?.because.join()).toMatch(
      /deployment is not a resource of this cluster .* Did you mean deployments.apps\?/,
    )
  })
})

describe('reading', () => {
  test('what is bound to a grant alone is left out: it comes and goes, and Postern knows it better', async () => {
    await apply([bind('a-grant', 'look', [{ kind: 'ServiceAccount', name: 'postern-x', namespace: 'postern-grants' }])])
    await readAgain('prod-eu')
    const { rights } = await readRights(db(), 'prod-eu')
    expect(rights?.objectsOf(serviceAccountIdentity('postern-grants', 'postern-x')).roleBindings).toEqual([])
    expect(rights?.objectsOf(serviceAccountIdentity(namespace, 'robot')).roleBindings).toHaveLength(1)
  })

  test('only one of several workers reads, and none before it is time', async () => {
    await database.asOwner(`UPDATE cluster_rights SET next_read_at = now(), read_at = 'epoch'`)
    await Promise.all([read('prod-eu'), read('prod-eu'), read('prod-eu')])
    const seen = await readRights(db(), 'prod-eu')
    await read('prod-eu')
    expect(await readRights(db(), 'prod-eu')).toEqual(seen)
    const [row] = await database.asOwner<{ seconds: number }>(
      `SELECT extract(epoch FROM next_read_at - now())::int AS seconds FROM cluster_rights WHERE cluster = 'prod-eu'`,
    )
    expect(row?.seconds).toBeGreaterThan(50)
  })

  test('the clusters page is told which rights are missing for it', async () => {
    await refreshCluster(currentPolicy().configuration, 'blind', 0)
    const { permissions } = await db().clusterState.findUniqueOrThrow({ where: { name: 'blind' } })
    expect(permissions).toContainEqual(
      expect.objectContaining({ what: `list clusterrolebindings.${rbac}`, allowed: false }),
    )
  })
})
