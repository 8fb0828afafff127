import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { ClusterObjects, PolicyRule } from '#lib/core/rbac/cluster-objects'
import { judgePosture } from './judge.ts'
import { ownRoles } from './own-rights.ts'

type Document = { kind: string; metadata: { name: string; namespace?: string }; rules?: PolicyRule[] }
const published = parseAllDocuments(readFileSync('deploy/rbac.yaml', 'utf8')).map((one) => one.toJS() as Document)
const publishedRoles = published.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')

const postern = { kind: 'ServiceAccount', name: 'postern', namespace: 'postern-system' }
const accounts = { 'postern-system': ['postern'] }
const clusterRoles = publishedRoles
  .filter(({ kind }) => kind === 'ClusterRole')
  .map(({ metadata, rules }) => ({ metadata, rules: rules ?? [] }))
const bindingIn = (namespace: string, role: string, ...subjects: object[]) => ({
  metadata: { namespace, name: role },
  roleRef: { kind: 'ClusterRole', name: role },
  subjects: [postern, ...subjects] as (typeof postern)[],
})
const judge = (objects: Partial<ClusterObjects>, vettedRoles: string[] = []) =>
  judgePosture(
    {
      objects: { roles: [], clusterRoles, roleBindings: [], clusterRoleBindings: [], ...objects },
      ...{ served: null, serviceAccounts: accounts },
    },
    { vettedRoles },
  )
const withRule = (name: string, rule: PolicyRule) =>
  clusterRoles.map((role) => (role.metadata.name === name ? { ...role, rules: [...role.rules, rule] } : role))

describe('the permissions of Postern itself', () => {
  test('the list has exactly the roles and rules of deploy/rbac.yaml', () => {
    const inList = ownRoles.map(({ kind, name, bound, rules }) => ({
      ...{ kind, name, namespace: typeof bound === 'object' ? bound.namespace : undefined },
      rules: rules.map(({ why: _, ...rule }) => rule),
    }))
    const inFile = publishedRoles.map(({ kind, metadata, rules }) => ({
      ...{ kind, name: metadata.name, namespace: metadata.namespace, rules },
    }))
    expect(inList).toEqual(inFile)
  })

  test('what deploy/rbac.yaml gives is no finding: it is listed with its reasons', () => {
    const reader = { metadata: { name: 'postern-reader' }, roleRef: { kind: 'ClusterRole', name: 'postern-reader' } }
    const { findings, own } = judge({
      roleBindings: [bindingIn('payments', 'postern-granter'), bindingIn('checkout', 'postern-granter')],
      clusterRoleBindings: [{ ...reader, subjects: [postern] }],
    })
    expect(findings).toEqual([])
    expect(
      own.map(({ role, part, bindings }) => [role.name, part, bindings.map(({ namespace }) => namespace)]),
    ).toEqual([
      ['postern-reader', 3, ['']],
      ['postern-granter', 4, ['payments', 'checkout']],
    ])
    expect(own[1]?.permissions[0]).toMatchObject({
      permission: expect.stringContaining('create'),
      why: expect.stringContaining('A grant is a Role'),
    })
  })

  test('a permission that someone added to its role is a finding, and the others of the role are not', () => {
    const rule = { apiGroups: [''], resources: ['secrets'], verbs: ['list'] }
    const { findings, own } = judge({
      clusterRoles: withRule('postern-granter', rule),
      roleBindings: [bindingIn('payments', 'postern-granter')],
    })
    expect(findings.map(({ finding }) => finding.check)).toEqual(['reads-secrets'])
    expect(own).toHaveLength(1)
  })

  test('a permission without a known risk is a finding too when only Postern’s account has more than the file', () => {
    const { findings } = judge({
      clusterRoles: withRule('postern-granter', { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }),
      roleBindings: [bindingIn('payments', 'postern-granter')],
    })
    expect(findings.map(({ finding }) => finding.check)).toEqual(['own-rights'])
  })

  test('its granter for the whole cluster, in kube-system or for another subject is a finding as for anyone else', () => {
    const wide = {
      ...{ metadata: { name: 'postern-granter' }, roleRef: { kind: 'ClusterRole', name: 'postern-granter' } },
      subjects: [postern],
    }
    const someone = { kind: 'User', name: 'eve' }
    for (const objects of [
      { clusterRoleBindings: [wide] },
      { roleBindings: [bindingIn('kube-system', 'postern-granter')] },
      { roleBindings: [bindingIn('payments', 'postern-granter', someone)] },
    ]) {
      const { findings, own } = judge(objects)
      expect(findings.map(({ finding }) => finding.check)).toContain('binds-and-writes-role-bindings')
      expect(own).toEqual([])
    }
  })

  test('it may bind the ClusterRoles that entitlements name, and no others', () => {
    const bind = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], verbs: ['bind'] }
    const objects = {
      clusterRoles: withRule('postern-granter', { ...bind, resourceNames: ['edit'] }),
      roleBindings: [bindingIn('payments', 'postern-granter')],
    }
    expect(judge(objects, ['edit']).findings).toEqual([])
    expect(judge(objects).findings).not.toEqual([])
  })
})
