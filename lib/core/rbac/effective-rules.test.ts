import { describe, expect, test } from 'vitest'
import type { ClusterObjects, RoleRef, Subject } from './cluster-objects.ts'
import { resourceRules } from './cluster-objects.ts'
import { effectiveRules } from './effective-rules.ts'
import { personIdentity, serviceAccountIdentity } from './identity.ts'

const rules = (resource: string) => [{ verbs: ['get'], apiGroups: [''], resources: [resource] }]
const view: RoleRef = { kind: 'ClusterRole', name: 'view' }

const objects = (changes: Partial<ClusterObjects> = {}): ClusterObjects => ({
  roles: [
    { metadata: { namespace: 'payments', name: 'reader' }, rules: rules('payments-things') },
    { metadata: { namespace: 'search', name: 'reader' }, rules: rules('search-things') },
  ],
  clusterRoles: [{ metadata: { name: 'view' }, rules: rules('pods') }, { metadata: { name: 'empty' } }],
  roleBindings: [],
  clusterRoleBindings: [],
  ...changes,
})
const bound = (subjects: Subject[], roleRef = view, namespace = 'payments') =>
  objects({ roleBindings: [{ metadata: { namespace, name: 'b' }, roleRef, subjects }] })
const boundEverywhere = (subjects: Subject[], roleRef = view) =>
  objects({ clusterRoleBindings: [{ metadata: { name: 'cb' }, roleRef, subjects }] })

const mina = personIdentity('mina', ['payments-dev'])
const robot = serviceAccountIdentity('payments', 'robot')
/** The resources that the identity reaches. */
const reached = (world: ClusterObjects, identity = mina, namespace = 'payments') =>
  effectiveRules(world, identity, namespace).rules.flatMap(({ rule }) => rule.resources)

describe('the subjects of a binding', () => {
  const user = (name: string) => [{ kind: 'User', name }]
  const group = (name: string) => [{ kind: 'Group', name }]
  const account = (name: string, namespace?: string) => [{ kind: 'ServiceAccount', name, namespace }]

  test.each<[string, Subject[], typeof mina, boolean]>([
    ['a user', user('mina'), mina, true],
    ['another user', user('Mina'), mina, false],
    ['* matches no one', user('*'), mina, false],
    ['a group', group('payments-dev'), mina, true],
    ['another group', group('payments'), mina, false],
    ['a user with the name of a group', user('payments-dev'), mina, false],
    ['all authenticated users', group('system:authenticated'), mina, true],
    ['all unauthenticated users', group('system:unauthenticated'), mina, false],
    ['a ServiceAccount', account('robot', 'payments'), robot, true],
    ['a ServiceAccount without a namespace is in the binding’s', account('robot'), robot, true],
    ['the same name in another namespace', account('robot', 'search'), robot, false],
    ['a ServiceAccount written as a user', user('system:serviceaccount:payments:robot'), robot, true],
    ['all ServiceAccounts', group('system:serviceaccounts'), robot, true],
    ['all ServiceAccounts of a namespace', group('system:serviceaccounts:payments'), robot, true],
    ['all ServiceAccounts of another namespace', group('system:serviceaccounts:search'), robot, false],
    ['an unknown kind', [{ kind: 'Robot', name: 'mina' }], mina, false],
    ['no subject', [], mina, false],
  ])('match as in the authorizer: %s', (_, subjects, identity, expected) => {
    expect(reached(bound(subjects), identity)).toEqual(expected ? ['pods'] : [])
  })

  test('match no ServiceAccount without a namespace in a ClusterRoleBinding', () => {
    expect(reached(boundEverywhere(account('robot')), robot)).toEqual([])
    expect(reached(boundEverywhere(account('robot', 'payments')), robot)).toEqual(['pods'])
  })

  test('do not count the anonymous user as authenticated', () => {
    expect(personIdentity('system:anonymous', ['system:unauthenticated']).groups).toEqual(['system:unauthenticated'])
    expect(personIdentity('system:anonymous', []).groups).toEqual([])
    expect(personIdentity('mina', ['system:authenticated']).groups).toEqual(['system:authenticated'])
  })
})

describe('the scope of a binding', () => {
  const subjects = [{ kind: 'User', name: 'mina' }]
  test('is its own namespace for a RoleBinding, and never the cluster', () => {
    expect(reached(bound(subjects), mina, 'search')).toEqual([])
    expect(reached(bound(subjects), mina, '')).toEqual([])
  })
  test('is every namespace and the cluster for a ClusterRoleBinding', () => {
    for (const namespace of ['payments', 'search', 'not-there', '']) {
      expect(reached(boundEverywhere(subjects), mina, namespace)).toEqual(['pods'])
    }
  })
  test('decides which Role is meant: the one in the namespace of the binding', () => {
    const role = { kind: 'Role', name: 'reader' }
    expect(reached(bound(subjects, role))).toEqual(['payments-things'])
    expect(reached(bound(subjects, role, 'search'), mina, 'search')).toEqual(['search-things'])
    expect(reached(boundEverywhere(subjects, role))).toEqual([])
  })
  test('comes with each rule, as its binding and role', () => {
    expect(effectiveRules(bound(subjects), mina, 'payments').rules[0]?.chain).toEqual({
      binding: { namespace: 'payments', name: 'b' },
      role: view,
    })
  })
  test('is reported as dangling where the role does not exist', () => {
    const missing = { kind: 'ClusterRole', name: 'constructor' }
    expect(effectiveRules(bound(subjects, missing), mina, 'payments')).toEqual({
      rules: [],
      dangling: [{ binding: { namespace: 'payments', name: 'b' }, role: missing }],
    })
    expect(effectiveRules(bound(subjects, { kind: 'ClusterRole', name: 'empty' }), mina, 'payments')).toEqual({
      rules: [],
      dangling: [],
    })
  })
})

test('resourceRules keeps the resource rules, even where fields are missing', () => {
  expect(
    resourceRules([
      { verbs: ['get'], nonResourceURLs: ['/metrics'] },
      { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: [] },
      { verbs: ['get'], apiGroups: [], resources: ['pods'] },
      { apiGroups: [''], resources: ['pods'], resourceNames: ['a'] },
    ]),
  ).toEqual([
    { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
    { verbs: [], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] },
  ])
  expect(resourceRules(null)).toEqual([])
})
