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
import { serviceAccountIdentity } from '#lib/core/rbac/identity'
import { rightsStatement } from '#lib/core/signing/statements'
import { accessDuring } from '#lib/views/access-during'
import { previewRequest } from '#lib/views/preview-request'
import { writeKubeconfig } from '#local/parts/kubeconfig'
import { testBench } from '#testing/bench'
import { aCluster } from '#testing/cluster'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { testParts } from '#testing/database'
import { kubectl } from '#testing/kubectl'
import { anActor } from '#testing/people'
import { aClusterState, aSubmission } from '#testing/requests'
import { readRightsOf } from './read-rights.ts'
import { refreshCluster } from './refresh-cluster.ts'

// What people can already do: read from a real cluster by the worker, and used by a process that never calls the cluster.

const { kubernetes } = testParts()
const mark = randomBytes(4).toString('hex')
const namespace = `rights-${mark}`
const group = `dev-${mark}`
const directory = mkdtempSync(join(tmpdir(), 'postern-rights-'))
const blindFile = join(directory, 'blind.kubeconfig')
const restart = anEntitlementDocument({
  name: 'restart',
  who: { groups: [group] },
  namespaces: [namespace, 'payments'],
})
const configuration = aConfiguration({
  clusters: [
    aCluster(),
    aCluster({ name: 'strange', people: undefined }),
    aCluster({ name: 'blind', kubeconfig: { file: blindFile } }),
  ],
  entitlements: [
    { ...restart, clusters: ['prod-eu', 'strange', 'blind'] },
    {
      ...anEntitlementDocument({ name: 'pods', who: { groups: [group] }, namespaces: [namespace] }),
      rules: [{ apiGroups: [''], resources: ['pods', 'deployment'], verbs: ['create'] }],
    },
  ],
})
const onlyThere = { namespaces: [{ name: namespace, labels: {} }] }
const { database, guard } = await testBench({ configuration, clusterState: onlyThere })
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

const mina = await anActor({ groups: [group], email: `mina-${mark}@example.com` })
const read = (name: string) => readRightsOf(currentPolicy().configuration, name, new AbortController().signal)
const readAgain = async (name: string) => {
  await database.asOwner('UPDATE cluster_rights SET next_read_at = now()')
  await read(name)
}
/** As if the worker had last read it that long ago, and failed since. */
async function wasReadMinutesAgo(cluster: string, minutes: number) {
  const { hash } = await db().clusterRights.findUniqueOrThrow({ where: { cluster } })
  const readAt = new Date(Date.now() - minutes * 60_000)
  const signature = signatureOf('rights', rightsStatement({ cluster, hash: hash ?? '', readAt }))
  await db().clusterRights.update({ where: { cluster }, data: { readAt, signature, error: 'away' } })
}
const preview = (changes: Parameters<typeof aSubmission>[0] = {}, actor = mina) =>
  previewRequest(actor, aSubmission({ entitlement: 'restart', namespaces: [namespace], ...changes }))
const differenceIn = async (cluster: string) => (await preview({ cluster })).difference
const unknownBecause = (why: string) => ({ known: false, why: expect.stringContaining(why) })

beforeAll(async () => {
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
  for (const name of ['strange', 'blind']) await aClusterState({ name, ...onlyThere })
})
beforeEach(() => readAgain('prod-eu'))
afterAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--wait=false'])
  await kubectl(['delete', 'clusterrole,clusterrolebinding', namespace])
  await closeClusters()
  rmSync(directory, { recursive: true, force: true })
})

describe('the difference to current access', () => {
  test('the difference is what the person cannot do yet by the groups and user name that the cluster knows', async () => {
    expect(await differenceIn('prod-eu')).toMatchObject({
      known: true,
      held: [{ namespaces: [namespace], rules: [look] }],
      gained: [{ namespaces: [namespace], rules: [{ ...look, verbs: ['patch', 'watch'] }] }],
    })
    await apply([
      role('patch', [{ ...look, verbs: ['patch'] }]),
      bind('mina-patches', 'patch', [{ apiGroup: rbac, kind: 'User', name: `oidc:mina-${mark}@example.com` }]),
    ])
    await readAgain('prod-eu')
    expect(await differenceIn('prod-eu')).toMatchObject({ gained: [{ rules: [{ verbs: ['watch'] }] }] })
  })

  test('the difference is unknown for a person without a verified e-mail, and no user name is guessed', async () => {
    const person = { ...mina.person, emailVerified: false }
    const { difference } = await preview({}, { ...mina, person })
    expect(difference).toEqual(unknownBecause('verified e-mail'))
  })

  test('the difference is unknown where the configuration does not say which user names a cluster uses', async () => {
    await readAgain('strange')
    expect(await differenceIn('strange')).toEqual(unknownBecause('does not say which user names strange uses'))
  })

  test('the difference is unknown where access rules were never read or must not be read', async () => {
    expect(await differenceIn('blind')).toMatchObject(unknownBecause('has not read'))
    await readAgain('blind')
    await read('blind')
    expect(await differenceIn('blind')).toMatchObject(unknownBecause('may not read'))
  })

  test('the difference stays known for half an hour after the last reading, and is unknown after that', async () => {
    await wasReadMinutesAgo('prod-eu', 29)
    expect((await differenceIn('prod-eu')).known).toBe(true)
    await wasReadMinutesAgo('prod-eu', 31)
    expect(await differenceIn('prod-eu')).toMatchObject(unknownBecause('too long ago'))
  })
})

describe('an intruder who writes to the database as the application’s role', () => {
  const nothing = gzipSync('{}')
  const itsHash = `sha256:${createHash('sha256').update('{}').digest('hex')}`
  test.each([
    ['their own content under its own hash', { content: nothing, hash: itsHash }],
    ['a new time on an old reading', { read_at: new Date() }],
    ['a missing signature', { signature: null }],
  ])('%s makes the access rules unknown until the next reading', async (_, change) => {
    await readAgain('prod-eu')
    expect((await differenceIn('prod-eu')).known).toBe(true)
    for (const [column, value] of Object.entries(change))
      await database.asApp(`UPDATE cluster_rights SET ${column} = $1 WHERE cluster = 'prod-eu'`, [value])
    expect(await differenceIn('prod-eu')).toMatchObject(unknownBecause('don’t have a valid signature'))
    await readAgain('prod-eu')
    expect((await differenceIn('prod-eu')).known).toBe(true)
  })
})

test('a guardrail on the difference is violated while it is unknown, unless the guardrail asks whether it is known', async () => {
  const when = "difference.added.exists(a, a.verb == 'patch' && a.resource == 'deployments')"
  const codesIn = async (cluster: string) => (await preview({ cluster })).verdict.violations.map(({ code }) => code)
  await kubectl(['delete', 'rolebinding', 'mina-patches', '-n', namespace, '--ignore-not-found'])
  await readAgain('prod-eu')
  await guard({ name: 'no-new-patch', effect: 'deny', when })
  expect(await codesIn('prod-eu')).toEqual(['no-new-patch'])
  await apply([bind('mina-patches', 'look', [theGroup]), role('look', [{ ...look, verbs: ['get', 'list', 'patch'] }])])
  await readAgain('prod-eu')
  expect(await codesIn('prod-eu')).toEqual([])
  expect(await codesIn('strange')).toEqual(['no-new-patch'])
  await guard({ name: 'no-new-patch', effect: 'deny', when: `difference.known && ${when}` })
  expect(await codesIn('strange')).toEqual([])
})

test('the risk names ServiceAccounts with more rights than the requester, and resources that do not exist', async () => {
  const { risk } = await preview({ entitlement: 'pods' })
  const creates = risk.findings.find(({ id }) => id === 'creates-pods')
  expect(creates?.because).toContain(`service account ${namespace}/robot may also list namespaces; get secrets`)
  expect(creates?.because.join()).not.toContain('default')
  const unknown = risk.findings.find(({ id }) => id === 'unknown-resources')
  expect(unknown?.because.join()).toMatch(
    /deployment is not a resource of this cluster .* Did you mean deployments.apps\?/,
  )
})

describe('reading access rules', () => {
  test('bindings of grants are left out of the access rules, because Postern knows its grants better', async () => {
    await apply([bind('a-grant', 'look', [{ kind: 'ServiceAccount', name: 'postern-x', namespace: 'postern-grants' }])])
    await readAgain('prod-eu')
    const { rights } = await readRights(db(), 'prod-eu')
    // Other test files bind everyone in the same cluster meanwhile.
    const ownBindings = (account: string, accountNamespace: string) =>
      rights
        ?.objectsOf(serviceAccountIdentity(accountNamespace, account))
        .roleBindings.filter(({ metadata }) => metadata?.namespace === namespace)
    expect(ownBindings('postern-x', 'postern-grants')).toEqual([])
    expect(ownBindings('robot', namespace)).toHaveLength(1)
  })

  test('one of several workers reads the access rules, and none before they are due', async () => {
    await database.asOwner(`UPDATE cluster_rights SET next_read_at = now(), read_at = 'epoch'`)
    await Promise.all([read('prod-eu'), read('prod-eu'), read('prod-eu')])
    const first = await readRights(db(), 'prod-eu')
    await read('prod-eu')
    expect(await readRights(db(), 'prod-eu')).toEqual(first)
    const [row] = await database.asOwner<{ seconds: number }>(
      `SELECT extract(epoch FROM next_read_at - read_at)::int AS seconds FROM cluster_rights WHERE cluster = 'prod-eu'`,
    )
    expect(row?.seconds).toBeGreaterThanOrEqual(60)
  })

  test('the cluster state lists the rights that Postern lacks for it', async () => {
    await refreshCluster(currentPolicy().configuration, 'blind', 0)
    const { permissions } = await db().clusterState.findUniqueOrThrow({ where: { name: 'blind' } })
    expect(permissions).toContainEqual(
      expect.objectContaining({ what: `list clusterrolebindings.${rbac}`, allowed: false }),
    )
  })
})

test('who could perform an action without Postern is answered as of each reading, also once the binding is deleted', async () => {
  const auditor = await anActor({ roles: ['auditor'] })
  const person = { apiGroup: rbac, kind: 'User', name: `oidc:standing-${mark}@example.com` }
  await apply([
    role('standing', [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['delete'] }]),
    bind('standing', 'standing', [person]),
  ])
  const before = new Date()
  await readAgain('prod-eu')
  const during = new Date()
  await kubectl(['delete', 'rolebinding', 'standing', '-n', namespace])
  await readAgain('prod-eu')
  const after = new Date()
  const could = async (from: Date, to: Date) => {
    const query = { from: from.toISOString(), to: to.toISOString(), cluster: 'prod-eu', namespace }
    const { standing } = await accessDuring(auditor, { ...query, verb: 'delete', resource: 'deployments.apps' })
    return standing?.items.filter(({ subject }) => subject.name === person.name) ?? []
  }
  expect(await could(before, before)).toEqual([])
  expect(await could(during, during)).toMatchObject([
    { subject: { kind: 'User' }, binding: { namespace, name: 'standing' }, role: { kind: 'Role', name: 'standing' } },
  ])
  expect(await could(after, after)).toEqual([])
  const [item] = await could(before, after)
  expect([item?.from, item?.until].map((time) => Date.parse(time ?? ''))).toEqual([
    expect.toSatisfy((at: number) => at >= before.getTime() && at <= during.getTime()),
    expect.toSatisfy((at: number) => at >= during.getTime() && at <= after.getTime()),
  ])
})
