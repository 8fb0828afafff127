import { describe, expect, test } from 'vitest'
import { isReported } from '#lib/core/activity/reported'
import type { ClusterObjects, PolicyRule, Subject } from '#lib/core/rbac/cluster-objects'
import { catalogue } from '#lib/core/rbac/risk/catalogue'
import { judgePosture } from './judge.ts'
import { standingInWords, unusedCountOf } from './standing-words.ts'
import { offeredBy, removalOf, suggestEntitlement } from './suggest-entitlement.ts'
import { findTakeovers } from './takeover.ts'

const secrets: PolicyRule[] = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
const exec: PolicyRule[] = [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }]
const rule = (verbs: string[], resources: string[], group = ''): PolicyRule => ({
  apiGroups: [group],
  resources,
  verbs,
})
const user = (name: string): Subject => ({ kind: 'User', name })
const group = (name: string): Subject => ({ kind: 'Group', name })
const account: Subject = { kind: 'ServiceAccount', name: 'api', namespace: 'payments' }
const postern: Subject = { kind: 'ServiceAccount', name: 'postern', namespace: 'postern-system' }

const bound = (name: string, role: string, ...subjects: Subject[]) => ({
  ...{ metadata: { namespace: 'payments', name }, roleRef: { kind: 'Role', name: role }, subjects },
})
function standing(bindings: ClusterObjects['roleBindings'], rules: PolicyRule[] = exec) {
  const names = [...new Set(bindings.map(({ roleRef }) => roleRef.name))]
  const objects = {
    roles: names.map((name) => ({ metadata: { namespace: 'payments', name }, rules })),
    ...{ clusterRoles: [], roleBindings: bindings, clusterRoleBindings: [] },
  }
  return judgePosture({ objects, served: null, serviceAccounts: null }, { isReported }).standing.access
}

const day = (text: string) => new Date(`${text}T12:00:00Z`)
const reported = { firstAt: day('2026-01-01'), newestAt: day('2026-03-01') }

describe('standing access that requests could replace', () => {
  test('counts each person once in a namespace and role, over all bindings', () => {
    const found = standing([
      bound('a', 'edit', user('priya'), user('tomas')),
      bound('b', 'edit', user('priya'), group('oidc:sre')),
      bound('c', 'other', user('mina')),
    ])
    expect(found).toMatchObject([
      { namespace: 'payments', role: { name: 'edit' }, people: ['priya', 'tomas'], groups: ['oidc:sre'] },
      { role: { name: 'other' }, people: ['mina'], groups: [] },
    ])
  })

  test('is none for ServiceAccounts, Postern, Kubernetes, the Roles of grants and roles without a risk', () => {
    expect(standing([bound('a', 'edit', account, postern, user('system:admin'), group('system:masters'))])).toEqual([])
    expect(standing([bound('a', `postern-${'0'.repeat(26)}`, user('priya'))])).toEqual([])
    const harmless = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }]
    expect(standing([bound('a', 'edit', user('priya'))], harmless)).toEqual([])
  })

  test('is removed with its binding, unless the binding also binds others', () => {
    const [access] = standing([bound("a'b", 'edit', user('priya')), bound('c', 'edit', user('priya'), account)])
    expect(access && removalOf(access)).toEqual([
      `kubectl delete $'rolebinding/a\\047b' --namespace payments`,
      'kubectl edit rolebinding/c --namespace payments # remove the people and groups only',
    ])
  })

  const suggested = (rules: PolicyRule[], namespace = 'payments') => {
    const [access] = standing([bound('a', 'edit', user('priya'))], [...secrets, ...rules])
    if (!access) throw new Error('not found')
    return suggestEntitlement({ ...access, namespace }, { cluster: 'prod-eu', mapping: undefined, taken: new Set() })
  }
  const certificates = 'certificates.k8s.io'
  const rbac = 'rbac.authorization.k8s.io'

  test.each<[string, PolicyRule[]]>([
    ['writes pods', [rule(['create'], ['pods'])]],
    ['writes workloads', [rule(['patch'], ['cronjobs'], 'batch')]],
    ['runs commands in pods', exec],
    ['changes pods', [rule(['update'], ['pods'])]],
    ['creates tokens', [rule(['create'], ['serviceaccounts/token'])]],
    ['creates token Secrets', [rule(['create'], ['secrets'])]],
    ['impersonates users', [rule(['impersonate'], ['users'])]],
    ['impersonates one group', [{ ...rule(['impersonate'], ['groups']), resourceNames: ['x'] }]],
    ['impersonates ServiceAccounts', [rule(['impersonate'], ['serviceaccounts'])]],
    ['binds one ClusterRole', [{ ...rule(['bind'], ['clusterroles'], rbac), resourceNames: ['x'] }]],
    ['changes one binding', [{ ...rule(['patch'], ['rolebindings'], rbac), resourceNames: ['x'] }]],
    ['writes ClusterRoleBindings', [rule(['update'], ['clusterrolebindings'], rbac)]],
    ['escalates roles', [rule(['escalate'], ['roles'], rbac)]],
    ['approves for signers', [rule(['approve'], ['signers'], certificates)]],
    ['reaches kubelets', [rule(['get'], ['nodes/proxy'])]],
    ['writes mutating webhooks', [rule(['create'], ['mutatingwebhookconfigurations'], 'admissionregistration.k8s.io')]],
    ['has every verb', [rule(['*'], ['widgets'], 'example.com')]],
    ['has everything', [rule(['*'], ['*'], '*')]],
    ['makes an operator grant access', [rule(['create'], ['externalsecrets'], 'external-secrets.io')]],
  ])('has no suggestion if its holder %s, and so could keep the access or gain more', (_, rules) => {
    const { text, why } = suggested(rules)
    expect(text).toBeNull()
    expect(why).toMatch(/^Its holder could keep the access after a request has ended, or gain more .*: Can /)
  })

  test('has a suggestion if its holder cannot, which says what remains after a request', () => {
    expect(suggested([rule(['get'], ['services/proxy'])])).toMatchObject({
      ...{ name: 'payments-edit', why: null },
      text: expect.stringContaining(
        '# What can remain after a request has ended: the passwords and keys that were read.',
      ),
    })
  })

  test('has no suggestion in the namespaces of Kubernetes and of Postern', () => {
    for (const namespace of ['kube-system', 'postern-system', 'postern-grants'])
      expect(suggested([], namespace), namespace).toMatchObject({ text: null, why: expect.stringContaining(namespace) })
  })

  test('is never called contained if its holder could take over a ServiceAccount or the cluster', () => {
    const strong = { kind: 'ServiceAccount', name: 'strong', namespace: 'payments' }
    const everything = [rule(['*'], ['*'], '*')]
    const taken = (rules: readonly PolicyRule[]) =>
      findTakeovers({
        objects: {
          ...{ roles: [], roleBindings: [] },
          clusterRoles: [
            { metadata: { name: 'all' }, rules: everything },
            { metadata: { name: 'held' }, rules: [...rules] },
          ],
          clusterRoleBindings: [
            { metadata: { name: 'all' }, roleRef: { kind: 'ClusterRole', name: 'all' }, subjects: [strong] },
            { metadata: { name: 'held' }, roleRef: { kind: 'ClusterRole', name: 'held' }, subjects: [user('priya')] },
          ],
        },
        serviceAccounts: { payments: ['strong'] },
      })
    expect(taken(exec)).toHaveLength(1)
    const ways = catalogue.filter(({ example }) => taken(example).length > 0)
    expect(ways.length).toBeGreaterThan(10)
    expect(ways.filter(({ isContained }) => isContained)).toEqual([])
    expect(catalogue.filter(({ isContained, takesOver }) => isContained && takesOver)).toEqual([])
  })

  test('is called unused only where the cluster reports every call with the role, for the whole time', () => {
    const of = (rules: PolicyRule[], ...subjects: Subject[]) => {
      const [access] = standing([bound('a', 'edit', ...subjects)], rules)
      if (!access) throw new Error('not found')
      return access
    }
    const both = of(secrets, user('priya'), user('tomas'))
    expect(unusedCountOf(both, reported, 1)).toBe(1)
    expect(standingInWords(both, reported, 1)).toBe(
      '2 people hold Role edit in payments. 1 has not used it in the 30 days before 2026-03-01.',
    )
    const everyVerb = [{ apiGroups: [''], resources: ['secrets'], verbs: ['*'] }]
    expect(unusedCountOf(of(everyVerb, user('priya')), reported, 0)).toBe(1)
    expect(unusedCountOf(both, null, 0)).toBeNull()
    expect(standingInWords(both, null, 0)).toContain('is not known: the cluster sends no audit events')
    expect(unusedCountOf(both, { ...reported, firstAt: day('2026-02-01') }, 0)).toBeNull()
    expect(unusedCountOf(of(secrets, user('priya'), group('sre')), reported, 0)).toBeNull()
    expect(standingInWords(of(secrets, group('sre')), reported, 0)).toBe(
      '1 group holds Role edit in payments. Whether the members use it is not known.',
    )
    // The audit policy does not report who lists pods, runs commands or binds roles that exist.
    for (const rules of [exec, [...secrets, ...exec], [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]])
      expect(unusedCountOf(of(rules, user('priya')), reported, 0), JSON.stringify(rules)).toBeNull()
    expect(standingInWords(of(exec, user('priya')), reported, 0)).toContain('is not known')
  })

  test('is not offered by an entitlement of another ClusterRole, cluster or namespace', () => {
    const access = {
      ...{ namespace: 'payments', role: { kind: 'ClusterRole', name: 'edit' }, severity: 'high' as const, people: [] },
      ...{
        morePeople: 0,
        groups: [],
        moreGroups: 0,
        bindings: [],
        rules: null,
        exceeding: [],
        outlives: [],
        isReported: false,
      },
    }
    const offer = { name: 'payments-edit', clusterRole: 'edit', clusters: ['prod-eu'], namespaces: ['payments'] }
    const offered = (over: object) => offeredBy(access, 'prod-eu', [{ ...offer, ...over }] as never, {})
    expect(offered({})).toBe('payments-edit')
    for (const over of [{ clusterRole: 'view' }, { clusters: ['other'] }, { namespaces: ['search'] }])
      expect(offered(over)).toBeNull()
  })
})
