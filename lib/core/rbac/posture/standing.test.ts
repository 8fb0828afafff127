import { describe, expect, test } from 'vitest'
import { isReported } from '#lib/core/activity/reported'
import type { ClusterObjects, PolicyRule, Subject } from '#lib/core/rbac/cluster-objects'
import { judgePosture } from './judge.ts'
import { standingInWords, unusedCountOf } from './standing-words.ts'
import { offeredBy, removalOf, suggestEntitlement } from './suggest-entitlement.ts'

const secrets: PolicyRule[] = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
const exec: PolicyRule[] = [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }]
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
      `kubectl delete 'rolebinding/a'\\''b' --namespace payments`,
      'kubectl edit rolebinding/c --namespace payments # remove the people and groups only',
    ])
  })

  test('has no suggestion if its holder could keep the access by a binding', () => {
    const rbac = (verb: string, resource: string, group = 'rbac.authorization.k8s.io'): PolicyRule[] => [
      { apiGroups: [group], resources: [resource], verbs: [verb], resourceNames: ['x'] },
    ]
    const suggested = (rules: PolicyRule[]) => {
      const [access] = standing([bound('a', 'edit', user('priya'))], [...exec, ...rules])
      return access && suggestEntitlement(access, { cluster: 'prod-eu', mapping: undefined, taken: new Set() })
    }
    expect(suggested([])).toMatchObject({ name: 'payments-edit' })
    for (const rules of [rbac('patch', 'rolebindings'), rbac('update', 'clusterrolebindings'), rbac('*', '*', '*')])
      expect(suggested(rules), JSON.stringify(rules)).toBeNull()
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
      ...{ morePeople: 0, groups: [], moreGroups: 0, bindings: [], rules: null, canBind: false, isReported: false },
    }
    const offer = { name: 'payments-edit', clusterRole: 'edit', clusters: ['prod-eu'], namespaces: ['payments'] }
    const offered = (over: object) => offeredBy(access, 'prod-eu', [{ ...offer, ...over }] as never, {})
    expect(offered({})).toBe('payments-edit')
    for (const over of [{ clusterRole: 'view' }, { clusters: ['other'] }, { namespaces: ['search'] }])
      expect(offered(over)).toBeNull()
  })
})
