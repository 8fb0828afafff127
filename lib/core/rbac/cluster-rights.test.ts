import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aRule } from './arbitrary.testing.ts'
import type { ClusterObjects } from './cluster-objects.ts'
import { type ClusterRights, indexRights } from './cluster-rights.ts'
import { effectiveRules } from './effective-rules.ts'
import { personIdentity, serviceAccountIdentity } from './identity.ts'

const names = fc.constantFrom('a', 'b', '__proto__', 'constructor')
const subject = fc.record({
  kind: fc.constantFrom('User', 'Group', 'ServiceAccount', 'Other'),
  name: fc.oneof(names, fc.constant('system:serviceaccount:a:b'), fc.constant('system:serviceaccounts:a')),
  namespace: fc.option(names, { nil: undefined }),
})
const subjects = fc.option(fc.array(subject, { maxLength: 3 }), { nil: undefined })
const roleRef = fc.record({ kind: fc.constantFrom('Role', 'ClusterRole', 'Other'), name: names })
const placed = fc.record({ namespace: names, name: names })
const rules = fc.array(aRule, { maxLength: 2 })
const unique = <T>(of: fc.Arbitrary<T>, key: (item: T) => string) => fc.uniqueArray(of, { maxLength: 6, selector: key })
const world: fc.Arbitrary<ClusterObjects> = fc.record({
  roles: unique(fc.record({ metadata: placed, rules }), ({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  clusterRoles: unique(fc.record({ metadata: fc.record({ name: names }), rules }), ({ metadata }) => metadata.name),
  roleBindings: fc.array(fc.record({ metadata: placed, roleRef, subjects }), { maxLength: 8 }),
  clusterRoleBindings: fc.array(fc.record({ metadata: fc.record({ name: names }), roleRef, subjects }), {
    maxLength: 5,
  }),
})

const indexed = (changes: Partial<ClusterRights>) => {
  const objects = { roles: [], clusterRoles: [], roleBindings: [], clusterRoleBindings: [] }
  return indexRights({ objects, served: null, serviceAccounts: null, ...changes })
}

describe('the index of a cluster’s rights', () => {
  test('returns objects that allow an identity exactly what all objects allow it', () => {
    const identity = fc.oneof(
      fc.tuple(names, fc.array(names)).map(([user, groups]) => personIdentity(user, groups)),
      fc.tuple(names, names).map(([namespace, name]) => serviceAccountIdentity(namespace, name)),
    )
    const byText = (found: ReturnType<typeof effectiveRules>) => ({
      rules: found.rules.map((one) => JSON.stringify(one)).sort(),
      dangling: found.dangling.map((one) => JSON.stringify(one)).sort(),
    })
    fc.assert(
      fc.property(world, identity, fc.oneof(names, fc.constant('')), (objects, who, namespace) => {
        const part = indexed({ objects }).objectsOf(who)
        expect(byText(effectiveRules(part, who, namespace))).toEqual(byText(effectiveRules(objects, who, namespace)))
      }),
      { numRuns: 2000 },
    )
  })

  test('treats names such as __proto__ as names', () => {
    const rights = indexed({ serviceAccounts: JSON.parse('{"__proto__": ["robot"]}') })
    expect(rights.serviceAccountsIn('__proto__')).toEqual(['robot'])
    expect(rights.serviceAccountsIn('constructor')).toEqual([])
  })

  test('knows the served resources by name and group, with their subresources', () => {
    const one = (group: string, resource: string) => ({ group, resource, namespaced: true, verbs: ['get'] })
    const served = {
      resources: [one('', 'pods'), one('', 'pods/log'), one('apps', 'deployments/scale')],
      unsureGroups: [],
    }
    expect([...(indexed({ served }).knownResources ?? [])]).toEqual(['pods', 'pods/log', 'deployments.apps/scale'])
  })
})
