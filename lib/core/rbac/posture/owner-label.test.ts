import { expect, test } from 'vitest'
import { ownerLabelSchema } from '#lib/core/access/owner-labels'
import type { ClusterRights } from '#lib/core/rbac/cluster-rights'
import { ownerLabelFindings } from './owner-label.ts'

const team = ownerLabelSchema.parse({
  label: 'team',
  clusters: ['prod-eu'],
  setBy: { groups: ['platform'], serviceAccounts: ['argocd/controller'] },
  values: { search: { groups: ['search-leads'] } },
})
const rules = [{ apiGroups: [''], resources: ['namespaces'], verbs: ['patch'] }]
const subject = (kind: string, name: string, namespace?: string) => ({
  kind,
  name,
  ...(namespace ? { namespace } : {}),
})
const bound = (name: string, role: string, ...subjects: ReturnType<typeof subject>[]) => ({
  ...{ metadata: { name }, roleRef: { kind: 'ClusterRole', name: role }, subjects },
})
const rights: ClusterRights = {
  objects: {
    roles: [{ metadata: { namespace: 'search', name: 'labels' }, rules }],
    clusterRoles: [
      { metadata: { name: 'labels' }, rules },
      { metadata: { name: 'creates' }, rules: [{ ...rules[0], verbs: ['create'] }] },
      { metadata: { name: 'view' }, rules: [{ ...rules[0], verbs: ['get', 'list'] }] },
      { metadata: { name: 'cluster-admin' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
    ],
    clusterRoleBindings: [
      bound('platform', 'labels', subject('Group', 'platform'), subject('User', 'eve'), subject('Group', 'devs')),
      bound('named', 'labels', subject('ServiceAccount', 'controller', 'argocd'), subject('Group', 'platform')),
      bound('creators', 'creates', subject('User', 'eve')),
      bound('readers', 'view', subject('User', 'eve')),
      bound('cluster-admin', 'cluster-admin', subject('Group', 'system:masters')),
    ],
    roleBindings: [
      {
        metadata: { namespace: 'search', name: 'own' },
        roleRef: { kind: 'Role', name: 'labels' },
        subjects: [subject('ServiceAccount', 'api')],
      },
    ],
  },
  ...{ served: null, serviceAccounts: null },
}
const found = (cluster = 'prod-eu', namespaces = [{ name: 'search' }]) =>
  ownerLabelFindings(rights, namespaces, { cluster, ownerLabels: [team] })

test('someone who can set a label that names owners, and is not named for it, is a finding of their binding', () => {
  expect(found().map(({ finding: { binding, subjects } }) => [binding.name, subjects])).toEqual([
    ['platform', ['Group devs', 'User eve']],
    ['creators', ['User eve']],
    ['own', ['ServiceAccount search/api']],
  ])
  expect(found()[0]?.finding).toMatchObject({ check: 'owner-label', severity: 'medium', role: { name: 'labels' } })
  expect(new Set(found().map(({ key }) => key)).size).toBe(3)
  expect(found('staging'), 'only where the label counts').toEqual([])
})
