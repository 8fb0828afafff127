// Questions that other tools for Kubernetes permissions are known to answer wrongly. Each is answered correctly here.
import { expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { assessRisk } from './assess.ts'
import { rbacGroup, rule } from './entry.ts'

const ids = (rules: Rule[]) => assessRisk(rules).findings.map(({ id }) => id)
const has = (id: string, ...rules: Rule[]) => expect(ids(rules)).toContain(id)
const hasNot = (id: string, ...rules: Rule[]) => expect(ids(rules)).not.toContain(id)

test('bind is a verb on roles, not on bindings', () => {
  has('binds-roles', rule(['bind'], ['clusterroles'], rbacGroup))
  hasNot('binds-roles', rule(['bind'], ['rolebindings', 'clusterrolebindings'], rbacGroup))
})

test('every rule counts, and a star inside a word is not a wildcard', () => {
  has('everything', rule(['get'], ['pods']), rule(['*'], ['*'], '*'))
  hasNot('wildcard-resources', rule(['get'], ['pods/*']))
  hasNot('wildcard-verbs', { ...rule(['get'], ['pods']), resourceNames: ['*'] })
})

test('names narrow a finding, and a star among names is a literal name', () => {
  const starred = { ...rule(['get'], ['secrets']), resourceNames: ['*'] }
  has('reads-named-secrets', starred)
  hasNot('reads-secrets', starred)
  const named = { ...rule(['get', 'list', 'watch'], ['secrets']), resourceNames: ['tls'] }
  has('reads-named-secrets', named)
  hasNot('reads-secrets', named)
})

test('the empty name matches calls without a name, so it reaches all secrets by list and none by get', () => {
  has('reads-secrets', { ...rule(['list'], ['secrets']), resourceNames: [''] })
  expect(ids([{ ...rule(['get'], ['secrets']), resourceNames: [''] }])).toEqual([])
  has('creates-pods', { ...rule(['create'], ['pods']), resourceNames: [''] })
})

test('a named create allows nothing unless the same name may also be updated or patched', () => {
  const create = { ...rule(['create'], ['pods']), resourceNames: ['a'] }
  expect(ids([create])).toEqual([])
  has('creates-pods', create, { ...rule(['patch'], ['pods']), resourceNames: ['a'] })
  hasNot('creates-pods', create, { ...rule(['patch'], ['pods']), resourceNames: ['b'] })
  expect(ids([{ ...rule(['deletecollection'], ['widgets']), resourceNames: ['a'] }])).toEqual([])
})

test('impersonate is a verb on users, groups and service accounts, not on roles', () => {
  has('impersonates-users', rule(['impersonate'], ['users']))
  has('impersonates-users', rule(['impersonate'], ['groups']))
  has('impersonates-service-accounts', rule(['impersonate'], ['serviceaccounts']))
  expect(ids([rule(['impersonate'], ['roles', 'rolebindings'], rbacGroup)])).toEqual([])
})

test('escalate is found on roles and ClusterRoles, by name and by wildcard', () => {
  has('escalates-cluster-roles', rule(['escalate'], ['clusterroles'], rbacGroup))
  has('escalates-cluster-roles', rule(['escalate'], ['*'], rbacGroup))
  has('escalates-roles', rule(['*'], ['roles'], rbacGroup))
})

test('writing the config maps of kube-system is a high risk, even where aws-auth is not named', () => {
  const { severity } = assessRisk([rule(['update'], ['configmaps'])], { namespaceKind: 'privileged' })
  expect(severity).toBe('high')
  expect(assessRisk([rule(['update'], ['configmaps'])]).severity).toBe('low')
})

test('get alone reaches kubelets through nodes/proxy, and pods through exec before Kubernetes 1.35', () => {
  has('reaches-kubelets', rule(['get'], ['nodes/proxy']))
  has('reaches-kubelets', rule(['get'], ['*/proxy']))
  has('reaches-kubelets', rule(['get'], ['*'], '*'))
  has('runs-commands-in-pods', rule(['get'], ['pods/exec']))
})

test('pods/* is the literal subresource *, not every subresource', () => {
  hasNot('runs-commands-in-pods', rule(['create'], ['pods/*']))
  hasNot('reads-logs', rule(['get'], ['pods/*']))
  has('runs-commands-in-pods', rule(['create'], ['*']))
})

test('a wildcard resource with a subresource includes the dangerous resource', () => {
  has('mints-service-account-tokens', rule(['create'], ['*/token']))
  has('adds-debug-containers', rule(['patch'], ['*/ephemeralcontainers']))
  has('scales-workloads', rule(['patch'], ['*/scale'], 'apps'))
  has('impersonates-attributes', rule(['impersonate'], ['*/scopes'], 'authentication.k8s.io'))
})

test('to change nodes is enough to steal pods, and a false status of nodes needs a way to remove pods', () => {
  const fakeNodes = rule(['patch'], ['nodes/status'])
  has('steals-pods', rule(['patch'], ['nodes']))
  has('steals-pods', rule(['update'], ['nodes']))
  hasNot('steals-pods', fakeNodes)
  const removals: [string, string][] = [
    ['delete', 'pods'],
    ['deletecollection', 'pods'],
    ['create', 'pods/eviction'],
    ['patch', 'pods'],
    ['update', 'pods/status'],
    ['delete', 'nodes'],
  ]
  for (const [verb, resource] of removals) {
    hasNot('steals-pods', rule([verb], [resource]))
    has('steals-pods', rule([verb], [resource]), fakeNodes)
  }
})

test('a single wildcard is a finding', () => {
  has('wildcard-verbs', rule(['*'], ['pods']))
  has('wildcard-resources', rule(['get'], ['*']))
  has('wildcard-groups', rule(['get'], ['pods'], '*'))
})

test('constrained impersonation and admission policies are findings', () => {
  has('impersonates-users-for-some-verbs', rule(['impersonate:user-info'], ['users'], 'authentication.k8s.io'))
  has('impersonates-users-for-some-verbs', rule(['*'], ['users'], 'authentication.k8s.io'))
  has('changes-guardrails', rule(['patch'], ['validatingadmissionpolicies'], 'admissionregistration.k8s.io'))
  has('writes-mutating-policies', rule(['patch'], ['mutatingadmissionpolicies'], 'admissionregistration.k8s.io'))
})

test('a finding says what outlives the grant', () => {
  const outlives = (rules: Rule[]) => assessRisk(rules).findings.map((finding) => finding.outlives)
  expect(outlives([rule(['create'], ['rolebindings'], rbacGroup)])).toEqual(['a RoleBinding with the same permissions'])
  expect(outlives([rule(['create'], ['cronjobs'], 'batch')])).toEqual(['the changed workload and its pods'])
  expect(outlives([rule(['patch'], ['nodes/proxy'])])).toEqual([null])
})
