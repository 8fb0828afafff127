import { describe, expect, test } from 'vitest'
import type { PolicyRule } from './cluster-objects.ts'
import { type ClusterRights, indexRights } from './cluster-rights.ts'
import { currentAccessOf, type ObservedRights, type WhoTheyAre } from './current-access.ts'
import { personIdentity } from './identity.ts'

const now = new Date('2026-11-23T10:00:00Z')
const readAt = new Date('2026-11-23T09:58:00Z')
const mina: WhoTheyAre = { identity: personIdentity('mina', ['dev']) }
const rule = (verbs: string[], resources: string[], group = '') => ({ apiGroups: [group], resources, verbs })

type Account = { namespace: string; name: string; rules: PolicyRule[]; at?: string }
const user = { kind: 'User', name: 'mina' }

/** Mina holds `held` in payments; each account what it says, in its own namespace or at `at`. */
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

const asked = { rules: [rule(['get', 'patch'], ['deployments'], 'apps')], namespaces: ['payments', 'checkout'], now }

describe('what the live cluster says', () => {
  test('what is new and what is held, each namespace by itself', () => {
    const { difference } = currentAccessOf('prod-eu', cluster([rule(['*'], ['deployments'], 'apps')]), mina, asked)
    expect(difference).toEqual({
      known: true,
      asOf: readAt.toISOString(),
      gained: [{ namespaces: ['checkout'], rules: asked.rules }],
      held: [{ namespaces: ['payments'], rules: asked.rules }],
    })
  })

  test.each<[string, ObservedRights, WhoTheyAre, RegExp]>([
    ['never read', { rights: null, error: null }, mina, /not read yet/],
    ['not to be read', { rights: null, error: 'Postern may not.' }, mina, /^Postern may not\.$/],
    [
      'read too long ago',
      { ...cluster([]), readAt: new Date('2026-11-23T09:29:00Z') } as ObservedRights,
      mina,
      /too long ago/,
    ],
    ['of somebody it would not know', cluster([]), { identity: null, why: 'Who?' }, /^Who\?$/],
  ])('a cluster %s: not known, and why', (_what, seen, who, why) => {
    const { difference } = currentAccessOf('prod-eu', seen, who, asked)
    expect(difference).toEqual({ known: false, why: expect.stringMatching(why) })
  })

  test('a comparison that would never end is not begun', () => {
    const many = Array.from({ length: 64 }, (_, n) => `r${n}`)
    const rules = [{ apiGroups: many, resources: many, verbs: many }]
    const { difference } = currentAccessOf('prod-eu', cluster([]), mina, { ...asked, rules })
    expect(difference).toEqual({ known: false, why: expect.stringContaining('too many') })
  })
})

describe('service accounts with more power than the requester', () => {
  const accounts = (seen: ObservedRights, who: WhoTheyAre = mina) =>
    currentAccessOf('prod-eu', seen, who, { ...asked, namespaces: ['payments'] }).risk.serviceAccounts
  const secrets = rule(['get'], ['secrets'])

  test('are those that may do something, somewhere, that the requester may not do there', () => {
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

  test('a requester whom the cluster does not know is held to have nothing', () => {
    const robot = { namespace: 'payments', name: 'robot', rules: [secrets] }
    const seen = cluster([rule(['*'], ['*'])], [robot])
    expect(accounts(seen, { identity: null, why: 'Who?' })).toHaveLength(1)
  })

  test('a thousand of them are not looked at one by one, and what comes by group is looked at once', () => {
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

describe('resources that a cluster serves', () => {
  const served = {
    resources: [{ group: '', resource: 'pods', namespaced: true, verbs: [] }],
    unsureGroups: ['metrics.k8s.io'],
  }
  test('are not told of a group whose server does not answer', () => {
    const known = (group: string) => {
      const rules = [rule(['get'], ['nodes'], group)]
      return currentAccessOf('prod-eu', cluster([], [], { served }), mina, { ...asked, rules }).risk.knownResources
    }
    expect(known('')).toEqual(new Set(['pods']))
    expect(known('metrics.k8s.io')).toBeUndefined()
  })
})
