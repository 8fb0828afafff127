import { describe, expect, test } from 'vitest'
import type { ClusterObjects, PolicyRule, Subject } from '#lib/core/rbac/cluster-objects'
import { findTakeovers } from './takeover.ts'

const rbac = 'rbac.authorization.k8s.io'
const rule = (verbs: string[], resources: string[], group = '', resourceNames?: string[]): PolicyRule => ({
  ...{ verbs, resources, apiGroups: [group] },
  ...(resourceNames ? { resourceNames } : {}),
})
const account = (namespace: string, name: string): Subject => ({ kind: 'ServiceAccount', namespace, name })
const user = (name: string): Subject => ({ kind: 'User', name })
const group = (name: string): Subject => ({ kind: 'Group', name })

type Bound = { to: Subject; in?: string; rules: PolicyRule[] }

/** A cluster in which kube-system/installer is cluster-admin, written as one line for each binding. */
function aCluster(bindings: readonly Bound[], serviceAccounts: Record<string, string[]> | null = null) {
  const installer: Bound = { to: account('kube-system', 'installer'), rules: [rule(['*'], ['*'], '*')] }
  const all = [installer, ...bindings].map((one, index) => ({ ...one, name: `b${index}` }))
  const objects: ClusterObjects = {
    clusterRoles: all.map(({ name, rules }) => ({ metadata: { name }, rules })),
    roles: [],
    clusterRoleBindings: all
      .filter((one) => one.in === undefined)
      .map(({ name, to }) => ({ metadata: { name }, roleRef: { kind: 'ClusterRole', name }, subjects: [to] })),
    roleBindings: all
      .filter((one) => one.in !== undefined)
      .map(({ name, to, in: namespace = '' }) => ({
        ...{ metadata: { namespace, name }, roleRef: { kind: 'ClusterRole', name }, subjects: [to] },
      })),
  }
  return { objects, serviceAccounts }
}
const chains = (...args: Parameters<typeof aCluster>) =>
  Object.fromEntries(findTakeovers(aCluster(...args)).map(({ subject, steps }) => [subject, steps.map(({ to }) => to)]))

const ofInstaller = ['ServiceAccount kube-system/installer', 'cluster-admin']

describe('chains to cluster-admin', () => {
  test.each<[string, PolicyRule[]]>([
    ['writes pods', [rule(['create'], ['pods'])]],
    ['writes deployments', [rule(['patch'], ['deployments'], 'apps')]],
    ['runs commands in pods', [rule(['create'], ['pods/exec'])]],
    ['adds debug containers', [rule(['update'], ['pods/ephemeralcontainers'])]],
    ['creates tokens', [rule(['create'], ['serviceaccounts/token'])]],
    ['creates tokens of this account', [rule(['create'], ['serviceaccounts/token'], '', ['installer'])]],
    ['impersonates accounts', [rule(['impersonate'], ['serviceaccounts'])]],
    ['creates and reads Secrets', [rule(['create', 'get'], ['secrets'])]],
    ['binds roles', [rule(['bind'], ['roles'], rbac), rule(['create'], ['rolebindings'], rbac)]],
    ['escalates roles', [rule(['escalate', 'update'], ['roles'], rbac)]],
  ])('someone who %s in a namespace has what its ServiceAccounts have', (_, rules) => {
    expect(chains([{ to: user('eve'), in: 'kube-system', rules }])).toEqual({ 'User eve': ofInstaller })
    // Elsewhere there is no one to take over.
    expect(chains([{ to: user('eve'), in: 'payments', rules }])).toEqual({})
  })

  test.each<[string, PolicyRule[]]>([
    ['reads pods', [rule(['get', 'list'], ['pods'])]],
    ['creates tokens of another account', [rule(['create'], ['serviceaccounts/token'], '', ['other'])]],
    ['creates pods of one name, which the API server never allows', [rule(['create'], ['pods'], '', ['x'])]],
    ['binds without writing bindings', [rule(['bind'], ['roles', 'clusterroles'], rbac)]],
    ['writes bindings without bind', [rule(['create'], ['rolebindings', 'clusterrolebindings'], rbac)]],
    ['reads Secrets only, which may hold no token', [rule(['get'], ['secrets'])]],
  ])('someone who %s is in no chain', (_, rules) => {
    expect(chains([{ to: user('eve'), in: 'kube-system', rules }])).toEqual({})
    expect(chains([{ to: user('eve'), rules }])).toEqual({})
  })

  test.each<[string, PolicyRule[], string[]]>([
    ['escalates ClusterRoles', [rule(['escalate', 'patch'], ['clusterroles'], rbac)], ['cluster-admin']],
    [
      'binds ClusterRoles',
      [rule(['bind'], ['clusterroles'], rbac), rule(['create'], ['clusterrolebindings'], rbac)],
      ['cluster-admin'],
    ],
    [
      'binds one ClusterRole that allows everything',
      [rule(['bind'], ['clusterroles'], rbac, ['b0']), rule(['create'], ['clusterrolebindings'], rbac)],
      ['ClusterRole b0', 'cluster-admin'],
    ],
    ['impersonates groups', [rule(['impersonate'], ['users', 'groups'])], ['Group system:masters']],
    ['reaches the kubelets', [rule(['get'], ['nodes/proxy'])], ofInstaller],
    [
      'writes webhooks',
      [rule(['create'], ['mutatingwebhookconfigurations'], 'admissionregistration.k8s.io')],
      ['cluster-admin'],
    ],
  ])('someone who %s in the whole cluster is an administrator', (_, rules, steps) => {
    expect(chains([{ to: user('eve'), rules }])).toEqual({ 'User eve': steps })
  })

  test('someone who approves their own certificate can be any other user, and so what that user is', () => {
    const certificates = 'certificates.k8s.io'
    const rules = [
      rule(['create'], ['certificatesigningrequests'], certificates),
      rule(['update'], ['certificatesigningrequests/approval'], certificates),
      rule(['approve'], ['signers'], certificates, ['kubernetes.io/kube-apiserver-client']),
    ]
    const root = { to: user('root'), rules: [rule(['*'], ['*'], '*')] }
    expect(chains([root, { to: user('eve'), rules }])).toEqual({ 'User eve': ['User root', 'cluster-admin'] })
    expect(chains([{ to: user('eve'), rules }])).toEqual({})
  })

  test('a chain over several accounts is followed to its end, and each step names its binding and role', () => {
    const [found] = findTakeovers(
      aCluster([
        { to: user('eve'), in: 'ci', rules: [rule(['create'], ['pods/exec'])] },
        { to: account('ci', 'builder'), in: 'deploy', rules: [rule(['impersonate'], ['serviceaccounts'])] },
        { to: account('deploy', 'robot'), in: 'kube-system', rules: [rule(['create'], ['pods'])] },
      ]),
    ).filter(({ subject }) => subject === 'User eve')
    expect(found?.steps.map(({ from, to }) => [from, to])).toEqual([
      ['User eve', 'ServiceAccount ci/builder'],
      ['ServiceAccount ci/builder', 'ServiceAccount deploy/robot'],
      ['ServiceAccount deploy/robot', 'ServiceAccount kube-system/installer'],
      ['ServiceAccount kube-system/installer', 'cluster-admin'],
    ])
    expect(found?.steps[0]).toMatchObject({ binding: 'RoleBinding ci/b1', role: 'ClusterRole b1' })
    expect(found?.steps[0]?.can).toContain('pods/exec')
  })

  test('two accounts that only reach each other are in no chain', () => {
    const pods = [rule(['create'], ['pods'])]
    expect(
      chains([
        { to: account('a', 'x'), in: 'b', rules: pods },
        { to: account('b', 'y'), in: 'a', rules: pods },
      ]),
    ).toEqual({})
  })

  test('what two bindings allow together counts, also when one is for the whole cluster', () => {
    expect(
      chains([
        { to: user('eve'), rules: [rule(['bind'], ['clusterroles'], rbac)] },
        { to: user('eve'), in: 'kube-system', rules: [rule(['create'], ['rolebindings'], rbac)] },
      ]),
    ).toEqual({ 'User eve': ofInstaller })
  })

  test('a user name that is a ServiceAccount’s is that ServiceAccount', () => {
    const rules = [rule(['create'], ['pods'])]
    expect(chains([{ to: user('system:serviceaccount:ci:builder'), in: 'kube-system', rules }])).toEqual({
      'ServiceAccount ci/builder': ofInstaller,
    })
  })

  test('a group that every ServiceAccount belongs to makes someone who can use one of them an administrator', () => {
    const everyone = { to: group('system:serviceaccounts:ci'), rules: [rule(['*'], ['*'], '*')] }
    expect(chains([everyone, { to: user('eve'), in: 'ci', rules: [rule(['create'], ['pods'])] }])).toEqual({
      'User eve': ['Group system:serviceaccounts:ci', 'cluster-admin'],
    })
  })

  test('an account that does not exist can’t be taken over by a pod', () => {
    const eve = { to: user('eve'), in: 'kube-system', rules: [rule(['create'], ['pods'])] }
    expect(chains([eve], { 'kube-system': ['installer'] })).toEqual({ 'User eve': ofInstaller })
    expect(chains([eve], { 'kube-system': ['default'] })).toEqual({})
  })

  test('the controllers of Kubernetes are in no chain of their own, and take part in those of others', () => {
    const name = 'system:controller:clusterrole-aggregation-controller'
    const cluster = aCluster([{ to: user('eve'), in: 'kube-system', rules: [rule(['create'], ['pods'])] }])
    const controller = account('kube-system', 'clusterrole-aggregation-controller')
    const objects: ClusterObjects = {
      ...cluster.objects,
      clusterRoles: [
        ...cluster.objects.clusterRoles.slice(1),
        { metadata: { name }, rules: [rule(['escalate', 'update'], ['clusterroles'], rbac)] },
      ],
      clusterRoleBindings: [{ metadata: { name }, roleRef: { kind: 'ClusterRole', name }, subjects: [controller] }],
    }
    expect(
      findTakeovers({ objects, serviceAccounts: null }).map(({ subject, steps }) => [subject, steps.length]),
    ).toEqual([['User eve', 2]])
  })

  test('a hostile name does not break a chain', () => {
    const eve = user('__proto__')
    expect(chains([{ to: eve, in: 'kube-system', rules: [rule(['create'], ['pods'])] }])).toEqual(
      Object.fromEntries([['User __proto__', ofInstaller]]),
    )
  })
})
