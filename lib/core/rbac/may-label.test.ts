import { expect, test } from 'vitest'
import type { PolicyRule } from './cluster-objects.ts'
import { indexRights } from './cluster-rights.ts'
import { personIdentity } from './identity.ts'
import { mayLabel } from './may-label.ts'

const rule = (verbs: string[], resources: string[], resourceNames?: string[]): PolicyRule => ({
  ...{ apiGroups: [''], verbs, resources },
  ...(resourceNames ? { resourceNames } : {}),
})

/** Mina has the rule, in the namespace or in the whole cluster. */
const rightsWith = (rules: PolicyRule[], namespace: string | null) => {
  const roleRef = { kind: 'ClusterRole', name: 'r' }
  const subjects = [{ kind: 'User', name: 'mina' }]
  return indexRights({
    objects: {
      ...{ roles: [], clusterRoles: [{ metadata: { name: 'r' }, rules }] },
      roleBindings: namespace ? [{ metadata: { namespace, name: 'b' }, roleRef, subjects }] : [],
      clusterRoleBindings: namespace ? [] : [{ metadata: { name: 'b' }, roleRef, subjects }],
    },
    ...{ served: null, serviceAccounts: null },
  })
}

test.each<[may: boolean, what: string, rules: PolicyRule[], namespace: string | null]>([
  [true, 'patch namespaces', [rule(['patch'], ['namespaces'])], null],
  [true, 'update this namespace', [rule(['update'], ['namespaces'], ['payments'])], null],
  [true, 'patch it by a binding in it', [rule(['patch'], ['namespaces'])], 'payments'],
  [true, 'update its status', [rule(['update'], ['namespaces/status'])], null],
  [true, 'update its finalizers', [rule(['update'], ['namespaces/finalize'])], null],
  [true, 'patch every status', [rule(['patch'], ['*/status'])], null],
  [true, 'create namespaces', [rule(['create'], ['namespaces'])], null],
  [true, 'everything', [{ apiGroups: ['*'], verbs: ['*'], resources: ['*'] }], null],
  [false, 'create namespaces by a binding in one', [rule(['create'], ['namespaces'])], 'payments'],
  [false, 'patch another namespace', [rule(['patch'], ['namespaces'], ['search'])], null],
  [false, 'patch it by a binding in another one', [rule(['patch'], ['namespaces'])], 'search'],
  [false, 'read and delete namespaces', [rule(['get', 'list', 'watch', 'delete'], ['namespaces'])], null],
  [false, 'everything with pods', [rule(['*'], ['pods', 'pods/*'])], null],
])('it is %s that someone who may %s can choose the labels of the namespace', (may, _, rules, namespace) => {
  expect(mayLabel(rightsWith(rules, namespace), personIdentity('mina', []), 'payments')).toBe(may)
  expect(mayLabel(rightsWith(rules, namespace), personIdentity('jonas', []), 'payments'), 'and no one else').toBe(false)
})
