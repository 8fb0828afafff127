import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClusterClient, closeClusters, clusterClient } from '#lib/adapters/cluster/client'
import { review } from '#lib/adapters/cluster/reviews'
import { withConcurrency } from '#lib/adapters/cluster/with-concurrency'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person } from '#lib/core/access/actor'
import type { ClusterIdentity } from '#lib/core/rbac/identity'
import { type Oracle, openOracle, untilApplied, untilAppliedInCluster } from '#lib/core/rbac/oracle.testing'
import { readRightsOf } from '#lib/worker/read-rights'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { testDatabase, testParts } from '#testing/database'
import { kubectl } from '#testing/kubectl'
import { aPerson, asActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aClusterState, aGrant, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { explainAccess, explainEach } from './explain-access.ts'

// "Why can't I?" against the API server: what it says of the people of a small world is what the server's own authorizer
// says of them.

const seed = Number(process.env.POSTERN_RBAC_SEED ?? Math.floor(Math.random() * 2 ** 31))
const { kubernetes } = testParts()
const database = await testDatabase()
const mark = randomBytes(4).toString('hex')
const namespace = `why-${mark}`
const people = { username: 'email' as const, usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' }
const policy = await testPolicy(
  aConfiguration({
    clusters: [
      {
        ...{ name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig }, publicServer: kubernetes.server },
        people,
      },
    ],
    entitlements: [
      anEntitlementDocument({ name: 'two-yes', namespaces: [namespace], approvals: [{ groups: ['sre'], count: 2 }] }),
      anEntitlementDocument({ name: 'one-yes', namespaces: [namespace] }),
      anEntitlementDocument({ name: 'elsewhere', namespaces: ['payments'] }),
    ],
  }),
)
const group = `dev-${mark}`
let client: ClusterClient
let oracle: Oracle
let mina: Person
let tomas: Person
let ines: Person

const apiGroup = 'rbac.authorization.k8s.io'
const object = (kind: string, name: string, rest: object, at?: string) => ({
  ...{ apiVersion: `${apiGroup}/v1`, kind, metadata: { name, ...(at ? { namespace: at } : {}) } },
  ...rest,
})
const rule = (verbs: string[], resources: string[], groups = [''], more: object = {}) => {
  return { verbs, resources, apiGroups: groups, ...more }
}
const aGroup = (name: string) => ({ apiGroup, kind: 'Group', name })
const aUser = (name: string) => ({ apiGroup, kind: 'User', name })
const binding = (name: string, kind: string, role: string, subjects: object[], at?: string) =>
  object(at ? 'RoleBinding' : 'ClusterRoleBinding', name, { roleRef: { apiGroup, kind, name: role }, subjects }, at)

const ofCluster = `why-${mark}`
const world = () => [
  object('Role', 'look', { rules: [rule(['get', 'list'], ['pods', 'pods/log', 'configmaps'])] }, namespace),
  object('Role', 'scale', { rules: [rule(['*'], ['*/scale'], ['apps'])] }, namespace),
  object(
    'Role',
    'one',
    { rules: [rule(['get', 'update'], ['configmaps'], [''], { resourceNames: ['settings'] })] },
    namespace,
  ),
  binding('look', 'Role', 'look', [aGroup(`oidc:${group}`)], namespace),
  binding('scale', 'Role', 'scale', [aUser(`oidc:mina-${mark}@example.com`)], namespace),
  binding('one', 'Role', 'one', [aGroup(`oidc:${group}`)], namespace),
  binding('nothing', 'Role', 'not-there', [aGroup(`oidc:${group}`)], namespace),
  binding('view', 'ClusterRole', 'view', [aUser(`oidc:tomas-${mark}@example.com`)], namespace),
  object('ClusterRole', ofCluster, {
    rules: [rule(['get', 'list'], ['nodes']), { verbs: ['get'], nonResourceURLs: [`/why-${mark}/*`] }],
  }),
  binding(ofCluster, 'ClusterRole', ofCluster, [aGroup(`oidc:${group}`)]),
]

beforeAll(async () => {
  process.stdout.write(`why: POSTERN_RBAC_SEED=${seed}\n`)
  oracle = await openOracle()
  client = await clusterClient({ name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig } })
  const email = (name: string) => ({ subject: `${name}-${mark}`, email: `${name}-${mark}@example.com` })
  mina = await aPerson({ ...email('mina'), groups: [group, 'payments-dev'] })
  tomas = await aPerson({ ...email('tomas'), groups: ['payments-dev'] })
  ines = await aPerson({ ...email('ines'), groups: ['security-audit'] })
  await kubectl(['create', 'namespace', namespace])
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: world() }) })
  await untilApplied(oracle, namespace, `sentinel-${mark}`)
  await untilAppliedInCluster(oracle, `sentinel-${mark}`)
  await aClusterState({
    namespaces: [
      { name: namespace, labels: {} },
      { name: 'payments', labels: {} },
    ],
  })
  await readRightsOf(currentPolicy().configuration, 'prod-eu', new AbortController().signal)
})
afterAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--wait=false'])
  await kubectl(['delete', 'clusterrole,clusterrolebinding', ofCluster])
  oracle.close()
  await policy.stop()
  await closeClusters()
  await database.drop()
})

const ask = (person: Person, query: object) =>
  explainAccess(asActor(person), {
    ...{ cluster: 'prod-eu', verb: 'get', group: '', subresource: '', name: '', namespace },
    ...query,
  })

describe('the answer', () => {
  test('is the one of the API server, on random questions about people who hold something', async () => {
    // What somebody holds here comes more than once, so that enough of the questions are answered with yes.
    const question = fc.record({
      namespace: fc.constantFrom(namespace, namespace, namespace, 'payments', ''),
      verb: fc.constantFrom('get', 'get', 'get', 'list', 'list', 'update', 'patch', 'delete', '*'),
      group: fc.constantFrom('', '', '', 'apps', '*'),
      resource: fc.constantFrom('pods', 'pods', 'configmaps', 'configmaps', 'deployments', 'secrets', 'nodes', '*'),
      subresource: fc.constantFrom('', '', '', 'log', 'scale'),
      name: fc.constantFrom('', 'settings', 'other'),
    })
    const questions = fc.sample(question, { numRuns: 250, seed })
    let allowed = 0
    for (const person of [mina, tomas, ines]) {
      const first = await ask(person, { resource: 'pods' })
      const said = await review(client, first.identity as ClusterIdentity, questions)
      const told = await withConcurrency(8, questions, async (attributes) => {
        const answer = await ask(person, attributes)
        expect(answer.ways.length > 0).toBe(answer.allowed)
        return [attributes, answer.allowed]
      })
      expect(told).toEqual(questions.map((attributes, index) => [attributes, said[index]]))
      allowed += said.filter(Boolean).length
    }
    expect(allowed).toBeGreaterThan(20)
  }, 60_000)

  test('about a path is the one of the API server', async () => {
    const paths = ['/api', '/version', '/metrics', `/why-${mark}/x`, `/why-${mark}`, '/']
    for (const person of [mina, ines]) {
      for (const path of paths) {
        const { identity, allowed } = await ask(person, { path, namespace: '' })
        const { status } = await client.authorization.createSubjectAccessReview({
          body: { spec: { ...(identity as { user: string }), nonResourceAttributes: { path, verb: 'get' } } },
        })
        expect([path, allowed]).toEqual([path, status?.allowed])
      }
    }
  })

  test('about twelve things is the one about each, and is read as one is', async () => {
    await aGrant({ request: await aRequest({ requester: mina, status: 'approved' }), status: 'active' })
    const about = { cluster: 'prod-eu', person: mina.id }
    const question = { group: '', subresource: '', name: '', namespace }
    const objects = ['pods', 'configmaps', 'secrets', 'nodes', 'deployments'].flatMap((resource) =>
      ['get', 'update'].map((verb) => ({ ...question, verb, resource })),
    )
    const paths = ['/metrics', `/why-${mark}/x`].map((path) => ({ ...question, namespace: '', verb: 'get', path }))
    const questions = [...objects, ...paths]
    const auditor = asActor(ines, ['auditor'])
    const each = await Promise.all(questions.map((one) => explainAccess(auditor, { ...about, ...one })))
    expect(new Set(each.map(({ allowed }) => allowed))).toEqual(new Set([true, false]))
    const alone = await statementsOf(() => explainEach(auditor, about, questions.slice(0, 1)))
    const together = await statementsOf(async () => {
      // As the page has it: whom it is about comes with the first question.
      expect(await explainEach(auditor, { ...questions[0], ...about }, questions)).toEqual(each)
    })
    expect(together).toHaveLength(alone.length)
    expect(together.length).toBeLessThanOrEqual(5)
  })

  test('shows the chain: the binding, the role and the rule, and bindings whose role is not there', async () => {
    const answer = await ask(mina, { resource: 'pods', subresource: 'log' })
    expect(answer).toMatchObject({ allowed: true, why: `You may get pods/log in ${namespace}.` })
    expect(answer.ways).toMatchObject([
      {
        binding: { kind: 'RoleBinding', namespace, name: 'look' },
        role: { kind: 'Role', name: 'look' },
        rule: { verbs: ['get', 'list'], resources: ['pods', 'pods/log', 'configmaps'] },
      },
    ])
    expect(answer.dangling).toMatchObject([{ binding: { name: 'nothing' }, role: { name: 'not-there' } }])
  })

  test('names what to ask for, what needs the fewest people first, with the form filled in', async () => {
    const { allowed, entitlements } = await ask(mina, { verb: 'patch', group: 'apps', resource: 'deployments' })
    expect(allowed).toBe(false)
    expect(entitlements.map(({ name }) => name)).toEqual(['one-yes', 'two-yes'])
    expect(entitlements[0]?.requestPath).toBe(
      `/requests/new?entitlement=one-yes&cluster=prod-eu&namespaces=${namespace}`,
    )
  })

  test('tells of a name that the cluster does not have, and of a namespace where there can be none', async () => {
    expect((await ask(mina, { resource: 'deployment' })).hints.join()).toContain('Did you mean deployments.apps?')
    expect((await ask(mina, { resource: 'nodes' })).hints.join()).toContain('ask without one')
    expect((await ask(mina, { resource: 'pods' })).hints).toEqual([])
  })

  test('tells of active grants whose credentials may, and of no others', async () => {
    const about = { requester: mina, namespaces: [namespace], status: 'approved' as const }
    const grant = await aGrant({ request: await aRequest(about), status: 'active' })
    await aGrant({ request: await aRequest(about), status: 'ended' })
    await aGrant({ request: await aRequest({ ...about, requester: tomas }), status: 'active' })
    const { allowed, grants } = await ask(mina, { verb: 'patch', group: 'apps', resource: 'deployments' })
    expect(allowed).toBe(false)
    expect(grants.map(({ id }) => id)).toEqual([grant.id])
    expect((await ask(mina, { verb: 'delete', group: 'apps', resource: 'deployments' })).grants).toEqual([])
    expect((await ask(mina, { verb: 'patch', group: 'apps', resource: 'deployments', namespace: '' })).grants).toEqual(
      [],
    )
  })
})
