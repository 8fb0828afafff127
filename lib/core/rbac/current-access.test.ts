import { describe, expect, test } from 'vitest'
import type { PolicyRule } from './cluster-objects.ts'
import { type ClusterRights, indexRights } from './cluster-rights.ts'
import { currentAccessOf, type IdentityInCluster, type ObservedRights } from './current-access.ts'
import { personIdentity } from './identity.ts'

const now = new Date('2026-11-23T10:00:00Z')
const readAt = new Date('2026-11-23T09:58:00Z')
const mina: IdentityInCluster = { identity: personIdentity('mina', ['dev']) }
const rule = (verbs: string[], resources: string[], group = '') => ({ apiGroups: [group], resources, verbs })

type Account = { namespace: string; name: string; rules: PolicyRule[]; at?: string }
const user = { kind: 'User', name: 'mina' }

/** Mina has `held` in payments; each account has its rules in its own namespace, or in `at`. */
function cluster(held: PolicyRule[], accounts: Account[] = [], changes: Partial<ClusterRights> = {}): ObservedRights {
  const all = [
    { namespace: 'payments', name: 'mina', rules: held, subjects: [user] },
    ...accounts.map(({ namespace, name, rules, at }) => {
      return { namespace: at ?? namespace, name, rules, subjects: [{ kind: 'ServiceAccount', name, namespace }] }
    }),
  ]
  const objects = {
    ...{ clusterRoles: [], clusterRoleBindings: [] },
    roles: all.map(({ namespace, name, rules }) => ({ metadata: { namespace, name }, rules })),
    roleBindings: all.map(({ namespace, name, subjects }) => {
      return { metadata: { namespace, name }, roleRef: { kind: 'Role', name }, subjects }
    }),
  }
  const names = Map.groupBy(accounts, ({ namespace }) => namespace)
  const serviceAccounts = {
    payments: ['default', ...(names.get('payments') ?? []).map(({ name }) => name)],
  }
  return { rights: indexRights({ objects, served: null, serviceAccounts, ...changes }), readAt }
}

const requested = {
  rules: [rule(['get', 'patch'], ['deployments'], 'apps')],
  namespaces: ['payments', 'checkout'],
  now,
}

describe('the difference to the current access', () => {
  test('names what is gained and what is held in each namespace', () => {
    const { difference } = currentAccessOf('prod-eu', cluster([rule(['*'], ['deployments'], 'apps')]), mina, requested)
    expect(difference).toEqual({
      known: true,
      asOf: readAt.toISOString(),
      gained: [{ namespaces: ['checkout'], rules: requested.rules }],
      held: [{ namespaces: ['payments'], rules: requested.rules }],
    })
  })

  test.each<[string, ObservedRights, IdentityInCluster, RegExp]>([
    ['was never read', { rights: null, error: null }, mina, /has not read/],
    ['may not be read', { rights: null, error: 'Postern may not.' }, mina, /^Postern may not\.$/],
    [
      'was read too long ago',
      { ...cluster([]), readAt: new Date('2026-11-23T09:29:00Z') } as ObservedRights,
      mina,
      /too long ago/,
    ],
    ['does not know the person', cluster([]), { identity: null, why: 'Who?' }, /^Who\?$/],
  ])('is unknown with a reason where the cluster %s', (_, observed, who, why) => {
    const { difference } = currentAccessOf('prod-eu', observed, who, requested)
    expect(difference).toEqual({ known: false, why: expect.stringMatching(why) })
  })

  test('is unknown where there are too many permissions to compare', () => {
    const many = Array.from({ length: 64 }, (_, n) => `r${n}`)
    const rules = [{ apiGroups: many, resources: many, verbs: many }]
    const { difference } = currentAccessOf('prod-eu', cluster([]), mina, { ...requested, rules })
    expect(difference).toEqual({ known: false, why: expect.stringContaining('too many') })
  })
})

describe('service accounts that may do more than the requester', () => {
  const accounts = (observed: ObservedRights, who: IdentityInCluster = mina) =>
    currentAccessOf('prod-eu', observed, who, { ...requested, namespaces: ['payments'] }).risk.serviceAccounts
  const secrets = rule(['get'], ['secrets'])

  test('are those that may do something in a namespace that the requester may not do there', () => {
    const robot = { namespace: 'payments', name: 'robot', rules: [secrets, rule(['get'], ['pods'])] }
    const far = { namespace: 'payments', name: 'far', rules: [secrets], at: 'kube-system' }
    const weak = { namespace: 'payments', name: 'weak', rules: [rule(['get'], ['pods'])] }
    const elsewhere = { namespace: 'search', name: 'other', rules: [secrets] }
    expect(accounts(cluster([rule(['get'], ['pods'])], [robot, far, weak, elsewhere]))).toEqual([
      { namespace: 'payments', name: 'robot', rules: [secrets] },
      { namespace: 'payments', name: 'far', rules: [secrets] },
    ])
    expect(accounts(cluster([rule(['*'], ['*'])], [robot]))).toEqual([])
  })

  test('are compared with no permissions where the cluster does not know the requester', () => {
    const robot = { namespace: 'payments', name: 'robot', rules: [secrets] }
    const observed = cluster([rule(['*'], ['*'])], [robot])
    expect(accounts(observed, { identity: null, why: 'Who?' })).toHaveLength(1)
  })

  test('are found again for each requester, their groups, each namespace and each reading', () => {
    const robot = { namespace: 'payments', name: 'robot', rules: [secrets] }
    const observed = cluster([secrets], [robot])
    const inNamespaces = (namespaces: string[], who: IdentityInCluster = mina) =>
      currentAccessOf('prod-eu', observed, who, { ...requested, namespaces }).risk.serviceAccounts
    const found = [{ namespace: 'payments', name: 'robot', rules: [secrets] }]
    const others = [personIdentity('noa', ['dev']), personIdentity('noa', ['mina']), personIdentity('', [])]
    for (let i = 0; i < 2; i++) {
      expect(inNamespaces(['payments'])).toEqual([])
      for (const identity of others) expect(inNamespaces(['payments'], { identity }), identity.user).toEqual(found)
      expect(inNamespaces(['checkout'], { identity: personIdentity('noa', ['dev']) })).toEqual([])
      expect(accounts(cluster([], [robot]))).toEqual(found)
    }
    // More requesters than are remembered.
    for (let i = 0; i < 100; i++)
      expect(inNamespaces(['payments'], { identity: personIdentity(`p${i}`, []) })).toEqual(found)
    expect(inNamespaces(['payments'])).toEqual([])
  })

  test('are limited to fifty, and to one of those that only a group grants permissions', () => {
    const many = Array.from({ length: 1000 }, (_, n) => ({ namespace: 'payments', name: `r${n}`, rules: [secrets] }))
    expect(accounts(cluster([], many))).toHaveLength(50)
    const serviceAccounts = { payments: Array.from({ length: 1000 }, (_, n) => `r${n}`) }
    const subjects = [{ kind: 'Group', name: 'system:serviceaccounts:payments' }]
    const objects = {
      ...{ roles: [], roleBindings: [], clusterRoles: [{ metadata: { name: 'all' }, rules: [secrets] }] },
      clusterRoleBindings: [{ metadata: { name: 'all' }, roleRef: { kind: 'ClusterRole', name: 'all' }, subjects }],
    }
    expect(accounts(cluster([], [], { objects, serviceAccounts }))).toEqual([
      { namespace: 'payments', name: 'r0', rules: [secrets] },
    ])
  })
})

describe('the resources of a cluster', () => {
  const served = {
    resources: [{ group: '', resource: 'pods', namespaced: true, verbs: [] }],
    unsureGroups: ['metrics.k8s.io'],
  }
  test('are unknown for a group whose server does not respond, and for every group then', () => {
    const known = (group: string) => {
      const rules = [rule(['get'], ['nodes'], group)]
      return currentAccessOf('prod-eu', cluster([], [], { served }), mina, { ...requested, rules }).risk.knownResources
    }
    expect(known('')).toEqual(new Set(['pods']))
    expect(known('metrics.k8s.io')).toBeUndefined()
    expect(known('*')).toBeUndefined()
  })
})
