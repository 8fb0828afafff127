import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClusterClient, closeClusters } from '#lib/adapters/cluster/client'
import { review } from '#lib/adapters/cluster/reviews'
import { withConcurrency } from '#lib/adapters/cluster/with-concurrency'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person } from '#lib/core/access/actor'
import type { ClusterIdentity } from '#lib/core/rbac/identity'
import { type Oracle, openOracle, untilApplied, untilAppliedInCluster } from '#lib/core/rbac/oracle.testing'
import { readRightsOf } from '#lib/worker/read-rights'
import { testBench } from '#testing/bench'
import { aCluster, testClient } from '#testing/cluster'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { kubectl } from '#testing/kubectl'
import { aPerson, asActor } from '#testing/people'
import { aGrant, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { explainAccess, explainEach } from './explain-access.ts'

// Check access, compared with the API server: for the people of a small world both must give the same answers.

const seed = Number(process.env.POSTERN_RBAC_SEED ?? Math.floor(Math.random() * 2 ** 31))
const mark = randomBytes(4).toString('hex')
const namespace = `why-${mark}`
await testBench({
  configuration: aConfiguration({
    clusters: [aCluster()],
    entitlements: [
      anEntitlementDocument({ name: 'two-yes', namespaces: [namespace], approvals: [{ groups: ['sre'], count: 2 }] }),
      anEntitlementDocument({ name: 'one-yes', namespaces: [namespace] }),
      anEntitlementDocument({ name: 'elsewhere', namespaces: ['payments'] }),
    ],
  }),
  clusterState: { namespaces: [namespace, 'payments'].map((name) => ({ name, labels: {} })) },
})
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
  client = await testClient()
  const email = (name: string) => ({ subject: `${name}-${mark}`, email: `${name}-${mark}@example.com` })
  mina = await aPerson({ ...email('mina'), groups: [group, 'payments-dev'] })
  tomas = await aPerson({ ...email('tomas'), groups: ['payments-dev'] })
  ines = await aPerson({ ...email('ines'), groups: ['security-audit'] })
  await kubectl(['create', 'namespace', namespace])
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: world() }) })
  await untilApplied(oracle, namespace, `sentinel-${mark}`)
  await untilAppliedInCluster(oracle, `sentinel-${mark}`)
  await readRightsOf(currentPolicy().configuration, 'prod-eu', new AbortController().signal)
})
afterAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--wait=false'])
  await kubectl(['delete', 'clusterrole,clusterrolebinding', ofCluster])
  oracle.close()
  await closeClusters()
})

const check = (person: Person, query: object) =>
  explainAccess(asActor(person), {
    ...{ cluster: 'prod-eu', verb: 'get', group: '', subresource: '', name: '', namespace },
    ...query,
  })

describe('checking access', () => {
  test('the answers to random questions are those of the API server', async () => {
    // What people can do here is repeated, so that enough of the questions are answered with yes.
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
      const first = await check(person, { resource: 'pods' })
      const expected = await review(client, first.identity as ClusterIdentity, questions)
      const answers = await withConcurrency(8, questions, async (attributes) => {
        const answer = await check(person, attributes)
        expect(answer.ways.length > 0).toBe(answer.allowed)
        return [attributes, answer.allowed]
      })
      expect(answers).toEqual(questions.map((attributes, index) => [attributes, expected[index]]))
      allowed += expected.filter(Boolean).length
    }
    expect(allowed).toBeGreaterThan(20)
  })

  test('the answer about a path is that of the API server', async () => {
    const paths = ['/api', '/version', '/metrics', `/why-${mark}/x`, `/why-${mark}`, '/']
    for (const person of [mina, ines]) {
      for (const path of paths) {
        const { identity, allowed } = await check(person, { path, namespace: '' })
        const { status } = await client.authorization.createSubjectAccessReview({
          body: { spec: { ...(identity as { user: string }), nonResourceAttributes: { path, verb: 'get' } } },
        })
        expect([path, allowed]).toEqual([path, status?.allowed])
      }
    }
  })

  test('twelve questions at once get the answers that each gets alone, in as many statements as one question', async () => {
    await aGrant({ holder: mina, status: 'active' })
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
    const alone = await statementsOf(() => explainEach(auditor, { ...about, actions: questions.slice(0, 1) }))
    const together = await statementsOf(async () => {
      expect(await explainEach(auditor, { ...about, actions: questions })).toEqual(each)
    })
    expect(together).toHaveLength(alone.length)
    expect(together.length).toBeLessThanOrEqual(5)
  })

  test('an answer shows the binding, the role and the rule that allow it, and bindings whose role is missing', async () => {
    const answer = await check(mina, { resource: 'pods', subresource: 'log' })
    expect(answer).toMatchObject({ allowed: true, why: `You can get pods/log in ${namespace}.` })
    expect(answer.ways).toMatchObject([
      {
        binding: { kind: 'RoleBinding', namespace, name: 'look' },
        role: { kind: 'Role', name: 'look' },
        rule: { verbs: ['get', 'list'], resources: ['pods', 'pods/log', 'configmaps'] },
      },
    ])
    expect(answer.dangling).toMatchObject([{ binding: { name: 'nothing' }, role: { name: 'not-there' } }])
  })

  test('a denial names the entitlements that would allow it, fewest approvals first, with a filled-in form', async () => {
    const { allowed, entitlements } = await check(mina, { verb: 'patch', group: 'apps', resource: 'deployments' })
    expect(allowed).toBe(false)
    expect(entitlements.map(({ name }) => name)).toEqual(['one-yes', 'two-yes'])
    expect(entitlements[0]?.requestPath).toBe(
      `/requests/new?entitlement=one-yes&cluster=prod-eu&namespaces=${namespace}`,
    )
  })

  test('an answer hints at an unknown resource, and at a namespace on a cluster-scoped one', async () => {
    expect((await check(mina, { resource: 'deployment' })).hints.join()).toContain('Did you mean deployments.apps?')
    expect((await check(mina, { resource: 'nodes' })).hints.join()).toContain('leave out the namespace')
    expect((await check(mina, { resource: 'pods' })).hints).toEqual([])
  })

  test('an answer names the person’s active grants that allow it, and no other grants', async () => {
    const about = { requester: mina, namespaces: [namespace], status: 'approved' as const }
    const grant = await aGrant({ request: await aRequest(about), status: 'active' })
    await aGrant({ request: await aRequest(about), status: 'ended' })
    await aGrant({ request: await aRequest({ ...about, requester: tomas }), status: 'active' })
    const { allowed, grants } = await check(mina, { verb: 'patch', group: 'apps', resource: 'deployments' })
    expect(allowed).toBe(false)
    expect(grants.map(({ id }) => id)).toEqual([grant.id])
    expect((await check(mina, { verb: 'delete', group: 'apps', resource: 'deployments' })).grants).toEqual([])
    expect(
      (await check(mina, { verb: 'patch', group: 'apps', resource: 'deployments', namespace: '' })).grants,
    ).toEqual([])
  })
})
