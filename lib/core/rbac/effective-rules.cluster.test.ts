// The API server is the oracle: random roles and bindings, and a rules review for every identity.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aggregate } from './aggregation.ts'
import { allowsPath } from './allows-path.ts'
import { aRule } from './arbitrary.testing.ts'
import type { ClusterObjects, ClusterRole, PolicyRule } from './cluster-objects.ts'
import { effectiveRules } from './effective-rules.ts'
import { type ClusterIdentity, personIdentity, serviceAccountIdentity } from './identity.ts'
import { must, type Oracle, openOracle, untilApplied, untilAppliedInCluster } from './oracle.testing.ts'

const seed = Number(process.env.POSTERN_RBAC_SEED ?? Math.floor(Math.random() * 2 ** 31))
const prefix = `world-${seed}`
const namespaces = ['a', 'b'].map((name) => `${prefix}-${name}`)
const [nsA = '', nsB = ''] = namespaces
const rbac = '/apis/rbac.authorization.k8s.io/v1'

const aPathRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: fc.uniqueArray(fc.constantFrom('get', 'post', '*'), { minLength: 1 }),
  nonResourceURLs: fc.uniqueArray(fc.constantFrom('*', '/x', '/x/*', '/x*', '/*/y', '/x/y**'), { minLength: 1 }),
})
const clusterRules = fc.array(fc.oneof(aRule, aPathRule), { maxLength: 3 })
const labels = fc
  .subarray(['one', 'two', 'three'])
  .map((keys) => Object.fromEntries(keys.map((key) => [`${prefix}/${key}`, 'true'])))

const roleNames = [0, 1, 2, 3].map((n) => `${prefix}-${n}`)
const aggregatedNames = [0, 1, 2].map((n) => `${prefix}-all-${n}`)
const ofCluster = fc
  .constantFrom(...roleNames, ...aggregatedNames, `${prefix}-not-there`)
  .map((name) => ({ kind: 'ClusterRole', name }))
const ofNamespace = fc.constantFrom('r0', 'r1', 'not-there').map((name) => ({ kind: 'Role', name }))

const users = ['u0', 'u1'].map((name) => `${prefix}-${name}`)
const groups = ['g0', 'g1'].map((name) => `${prefix}-${name}`)
const apiGroup = 'rbac.authorization.k8s.io'
/** Only subjects of this test, because other tests share the cluster. */
const ownSubject = fc.oneof(
  fc.constantFrom(...users, `system:serviceaccount:${nsA}:s0`, '*').map((name) => ({ kind: 'User', name, apiGroup })),
  fc.constantFrom(...groups).map((name) => ({ kind: 'Group', name, apiGroup })),
  fc.record({
    kind: fc.constant('ServiceAccount'),
    name: fc.constantFrom('s0', 's1'),
    namespace: fc.constantFrom(nsA, nsB),
  }),
)
const localSubject = fc.oneof(
  ownSubject,
  fc
    .constantFrom(
      'system:authenticated',
      'system:unauthenticated',
      'system:serviceaccounts',
      `system:serviceaccounts:${nsA}`,
    )
    .map((name) => ({ kind: 'Group', name, apiGroup })),
)
const subjects = (of: fc.Arbitrary<object>) => fc.array(of, { maxLength: 3 })

const aWorld = fc.record({
  clusterRoles: fc.tuple(
    ...roleNames.map((name) =>
      fc.record({ metadata: fc.record({ name: fc.constant(name), labels }), rules: clusterRules }),
    ),
  ),
  aggregated: fc.tuple(
    ...aggregatedNames.map((name) =>
      fc.record({
        metadata: fc.record({ name: fc.constant(name), labels }),
        aggregationRule: fc.record({
          clusterRoleSelectors: fc.array(
            fc.oneof(
              fc.constantFrom('one', 'two').map((key) => ({ matchLabels: { [`${prefix}/${key}`]: 'true' } })),
              fc.constant({
                matchExpressions: [
                  { key: `${prefix}/three`, operator: 'Exists' },
                  { key: `${prefix}/one`, operator: 'NotIn', values: ['true'] },
                ],
              }),
            ),
            { minLength: 1, maxLength: 2 },
          ),
        }),
      }),
    ),
  ),
  roles: fc.array(fc.array(aRule, { maxLength: 3 }), { minLength: 4, maxLength: 4 }),
  roleBindings: fc.array(
    fc.record({
      namespace: fc.constantFrom(...namespaces),
      roleRef: fc.oneof(ofCluster, ofNamespace),
      subjects: subjects(localSubject),
    }),
    { minLength: 12, maxLength: 16 },
  ),
  clusterRoleBindings: fc.array(fc.record({ roleRef: ofCluster, subjects: subjects(ownSubject) }), {
    minLength: 6,
    maxLength: 8,
  }),
})

let oracle: Oracle
const created: string[] = []
const create = async (path: string, body: { metadata: { name: string } }) => {
  await must(oracle.call('POST', path, body))
  created.push(`${path}/${body.metadata.name}`)
}
const list = async <T>(kind: string): Promise<T[]> =>
  ((await must(oracle.call('GET', `${rbac}/${kind}`))).items ?? []) as T[]

async function createWorld() {
  const [world] = fc.sample(aWorld, { numRuns: 1, seed })
  if (!world) throw new Error('no world')
  for (const name of namespaces) await create('/api/v1/namespaces', { metadata: { name } })
  for (const role of [...world.clusterRoles, ...world.aggregated]) await create(`${rbac}/clusterroles`, role)
  for (const [n, rules] of world.roles.entries()) {
    const path = `${rbac}/namespaces/${namespaces[n % 2]}/roles`
    await create(path, { metadata: { name: `r${n >> 1}` }, rules } as { metadata: { name: string } })
  }
  for (const [n, { namespace, roleRef, subjects: of }] of world.roleBindings.entries()) {
    const body = { metadata: { name: `b${n}` }, roleRef: { apiGroup, ...roleRef }, subjects: of }
    await create(`${rbac}/namespaces/${namespace}/rolebindings`, body)
  }
  for (const [n, { roleRef, subjects: of }] of world.clusterRoleBindings.entries()) {
    await create(`${rbac}/clusterrolebindings`, {
      metadata: { name: `${prefix}-${n}` },
      roleRef: { apiGroup, ...roleRef },
      subjects: of,
    } as {
      metadata: { name: string }
    })
  }
}

beforeAll(async () => {
  process.stdout.write(`rbac oracle: POSTERN_RBAC_SEED=${seed}\n`)
  oracle = await openOracle()
  await createWorld()
})
afterAll(async () => {
  for (const path of created.reverse()) await oracle.call('DELETE', path)
  oracle.close()
})

const keyOf = (rule: PolicyRule) =>
  JSON.stringify(
    [rule.verbs, rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs].map((list) => list ?? []),
  )

test('aggregate returns the rules that the controller writes', async () => {
  const deadline = Date.now() + 20_000
  for (;;) {
    const live = await list<ClusterRole>('clusterroles')
    const aggregated = live.filter(({ aggregationRule }) => aggregationRule?.clusterRoleSelectors?.length)
    const expected = new Map(aggregate(live).map(({ metadata, rules }) => [metadata.name, rules ?? []]))
    const differing = aggregated.filter(
      // The order of the rules is not compared, because it depends on which aggregated role the controller fills first.
      ({ metadata, rules }) =>
        JSON.stringify((rules ?? []).map(keyOf).sort()) !==
        JSON.stringify(expected.get(metadata.name)?.map(keyOf).sort()),
    )
    if (differing.length === 0) {
      // The server's own view, edit and admin, and the three of this test.
      expect(aggregated.length).toBeGreaterThanOrEqual(6)
      return
    }
    if (Date.now() > deadline) throw new Error(`the controller wrote other rules: ${JSON.stringify(differing)}`)
  }
})

const people = users.flatMap((user) => [[], groups.slice(0, 1), groups].map((of) => ({ user, of })))
const identities: { identity: ClusterIdentity; impersonated: { user: string; groups: string[] } }[] = [
  ...people.map(({ user, of }) => ({ identity: personIdentity(user, of), impersonated: { user, groups: of } })),
  ...namespaces.flatMap((namespace) =>
    ['s0', 's1'].map((name) => {
      const identity = serviceAccountIdentity(namespace, name)
      return { identity, impersonated: { user: identity.user, groups: [] } }
    }),
  ),
]

type Reviewed = { resourceRules: PolicyRule[] | null; nonResourceRules: PolicyRule[] | null; evaluationError?: string }

test('effectiveRules returns the rules that the server reports to each identity in each namespace', async () => {
  await untilApplied(oracle, nsA, `${prefix}-sentinel`)
  await untilAppliedInCluster(oracle, `${prefix}-sentinel`)
  const objects: ClusterObjects = {
    roles: await list('roles'),
    clusterRoles: await list('clusterroles'),
    roleBindings: await list('rolebindings'),
    clusterRoleBindings: await list('clusterrolebindings'),
  }
  let reported = 0
  for (const { identity, impersonated } of identities) {
    for (const namespace of namespaces) {
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } }
      const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
      const status = (await must(oracle.call('POST', path, review, impersonated))).status as Reviewed
      const { rules, dangling } = effectiveRules(objects, identity, namespace)
      const server = [...(status.resourceRules ?? []), ...(status.nonResourceRules ?? [])].map(keyOf).sort()
      expect({ identity, namespace, rules: rules.map(({ rule }) => keyOf(rule)).sort() }).toEqual({
        identity,
        namespace,
        rules: server,
      })
      // Missing roles are the only error here, and the server names each once.
      const missing = [...(status.evaluationError ?? '').matchAll(/"([^"]+)" not found/g)].map(([, name]) => name)
      expect(new Set(dangling.map(({ role }) => role.name))).toEqual(new Set(missing))
      reported += server.length
    }
  }
  // Every authenticated user has some built-in rules, so there must be many more than those.
  expect(reported).toBeGreaterThan(identities.length * namespaces.length * 4)
})

test('allowsPath decides as the server’s authorizer', async () => {
  const objects: ClusterObjects = {
    roles: [],
    clusterRoles: await list('clusterroles'),
    roleBindings: [],
    clusterRoleBindings: await list('clusterrolebindings'),
  }
  for (const { identity } of identities) {
    const rules = effectiveRules(objects, identity, '').rules.map(({ rule }) => rule)
    for (const path of ['/x', '/x/', '/x/y', '/xy', '/z/y', '/*/y', '/x/y*', '/version']) {
      for (const verb of ['get', 'post']) {
        const spec = { user: identity.user, groups: identity.groups, nonResourceAttributes: { path, verb } }
        const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }
        const answer = await must(oracle.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', body))
        const { allowed } = answer.status as { allowed: boolean }
        expect({ identity, path, verb, allowed: allowsPath(rules, verb, path) }).toEqual({
          identity,
          path,
          verb,
          allowed,
        })
      }
    }
  }
})
