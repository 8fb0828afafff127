import { describe, expect, test } from 'vitest'
import type { ClusterObjects } from '#lib/core/rbac/cluster-objects'
import { judgePosture, noRoles } from './judge.ts'

const rights = (objects: Partial<ClusterObjects>, serviceAccounts: Record<string, string[]> | null = null) => ({
  objects: { roles: [], clusterRoles: [], roleBindings: [], clusterRoleBindings: [], ...objects },
  served: null,
  serviceAccounts,
})
const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
const harmless = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }]
const clusterRole = (name: string, rules: object[]) => ({ metadata: { name }, rules })
const clusterBinding = (
  name: string,
  role: string,
  ...subjects: { kind: string; name: string; namespace?: string }[]
) => ({
  ...{ metadata: { name }, roleRef: { kind: 'ClusterRole', name: role }, subjects },
})
const account = { kind: 'ServiceAccount', name: 'api', namespace: 'payments' }
const binding = (role: string, ...subjects: { kind: string; name: string; namespace?: string }[]) => ({
  ...{ metadata: { namespace: 'payments', name: 'some' }, roleRef: { kind: 'Role', name: role }, subjects },
})
const role = (name: string, rules: object[]) => ({ metadata: { namespace: 'payments', name }, rules })
const checks = (...args: Parameters<typeof judgePosture>) =>
  judgePosture(...args).findings.map(({ finding: { check, severity } }) => [check, severity])

describe('the findings of a cluster', () => {
  test('a ServiceAccount that quietly became cluster-admin is found, with the whole chain', () => {
    const {
      findings: [found, ...others],
    } = judgePosture(
      rights({
        clusterRoles: [clusterRole('cluster-admin', everything)],
        clusterRoleBindings: [clusterBinding('helper', 'cluster-admin', account)],
      }),
    )
    expect(others).toEqual([])
    const finding = found?.finding
    expect(finding).toMatchObject({
      ...{ check: 'everything', severity: 'high', subjects: ['ServiceAccount payments/api'], moreSubjects: 0 },
      binding: { kind: 'ClusterRoleBinding', namespace: '', name: 'helper' },
      role: { kind: 'ClusterRole', name: 'cluster-admin' },
    })
    expect(finding?.because.length).toBeGreaterThan(0)
    expect(finding?.fix).toContain('kubectl delete clusterrolebinding/helper')
  })

  test('the bindings of Kubernetes itself are no findings, unless they have another subject or another role', () => {
    const objects = (...subjects: { kind: string; name: string; namespace?: string }[]) =>
      rights({
        clusterRoles: [
          clusterRole('cluster-admin', everything),
          clusterRole('system:controller:job-controller', everything),
        ],
        clusterRoleBindings: [
          clusterBinding('cluster-admin', 'cluster-admin', { kind: 'Group', name: 'system:masters' }, ...subjects),
          clusterBinding('system:controller:job-controller', 'system:controller:job-controller', {
            ...{ kind: 'ServiceAccount', name: 'job-controller', namespace: 'kube-system' },
          }),
        ],
      })
    expect(checks(objects())).toEqual([])
    expect(checks(objects(account))).toEqual([['everything', 'high']])
    const disguised = clusterBinding('system:controller:helper', 'cluster-admin', {
      ...{ kind: 'ServiceAccount', name: 'helper', namespace: 'kube-system' },
    })
    const hidden = rights({
      clusterRoles: [clusterRole('cluster-admin', everything)],
      clusterRoleBindings: [disguised],
    })
    expect(checks(hidden)).toEqual([['everything', 'high']])
  })

  test('a binding of the whole cluster is judged as one that reaches kube-system too', () => {
    const programs = [{ apiGroups: [''], resources: ['pods'], verbs: ['create'] }]
    const settings = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] }]
    for (const [rules, check, elsewhere] of [
      [programs, 'creates-pods', [['creates-pods', 'medium']]],
      [settings, 'writes-configuration', []],
    ] as const) {
      const clusterRoles = [clusterRole('some', rules)]
      expect(checks(rights({ clusterRoles, clusterRoleBindings: [clusterBinding('wide', 'some', account)] }))).toEqual([
        [check, 'high'],
      ])
      expect(checks(rights({ roles: [role('some', rules)], roleBindings: [binding('some', account)] }))).toEqual(
        elsewhere,
      )
    }
  })

  test('no binding hides behind the name of a controller that Kubernetes does not have', () => {
    const name = 'system:controller:helper'
    const helper = { kind: 'ServiceAccount', name: 'helper', namespace: 'kube-system' }
    const objects = {
      clusterRoles: [clusterRole(name, everything)],
      clusterRoleBindings: [clusterBinding(name, name, helper)],
    }
    expect(checks(rights(objects))).toEqual([['everything', 'high']])
  })

  test('what someone has added to a role that Kubernetes gives to everyone is found', () => {
    const name = 'system:basic-user'
    const reviews = { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'], verbs: ['create'] }
    const given = (rules: object[]) =>
      rights({
        clusterRoles: [clusterRole(name, rules)],
        clusterRoleBindings: [clusterBinding(name, name, { kind: 'Group', name: 'system:authenticated' })],
      })
    expect(checks(given([reviews]))).toEqual([])
    expect(checks(given([reviews, ...everything]))).toEqual([['everything', 'high']])
  })

  test.each([
    ['system:authenticated', 'Group', 'medium'],
    ['system:unauthenticated', 'Group', 'high'],
    ['system:serviceaccounts', 'Group', 'medium'],
    ['system:anonymous', 'User', 'high'],
  ])('a binding to %s is found', (name, kind, severity) => {
    const objects = {
      clusterRoles: [clusterRole('c', harmless)],
      clusterRoleBindings: [clusterBinding('b', 'c', { kind, name })],
    }
    expect(checks(rights(objects))).toEqual([['broad-subject', severity]])
  })

  test('default and missing ServiceAccounts are found; without the permission to list them, missing ones are unknown', () => {
    const objects = {
      roles: [role('r', harmless)],
      roleBindings: [binding('r', account, { kind: 'ServiceAccount', name: 'default' })],
    }
    expect(checks(rights(objects, { payments: ['default'] })).sort()).toEqual([
      ['default-account', 'medium'],
      ['missing-account', 'medium'],
    ])
    expect(checks(rights(objects, null))).toEqual([['default-account', 'medium']])
  })

  test('a binding to a role that does not exist is found', () => {
    expect(checks(rights({ roleBindings: [binding('gone', account)] }))).toEqual([['missing-role', 'medium']])
  })

  test('the Role of a grant that someone bound by hand is found', () => {
    const name = `postern-${'0'.repeat(26)}`
    const objects = { roles: [role(name, harmless)], roleBindings: [binding(name, { kind: 'User', name: 'eve' })] }
    expect(checks(rights(objects))).toEqual([['bound-by-hand', 'high']])
  })

  test('ordinary access has no findings, and low risks are none', () => {
    const objects = {
      roles: [role('r', harmless)],
      roleBindings: [binding('r', { kind: 'Group', name: 'developers' })],
    }
    expect(checks(rights(objects))).toEqual([])
  })

  test('a hostile name is quoted in the commands', () => {
    const objects = {
      clusterRoles: [clusterRole("it's", everything)],
      clusterRoleBindings: [clusterBinding('$(reboot); x', "it's", account)],
    }
    expect(judgePosture(rights(objects)).findings[0]?.finding.fix).toEqual([
      "kubectl get 'clusterrolebinding/$(reboot); x' --output yaml",
      "kubectl edit $'clusterrole/it\\047s'",
      "kubectl delete 'clusterrolebinding/$(reboot); x'",
    ])
  })

  test('a role that has not changed is not assessed again', () => {
    const known = noRoles()
    const objects = (rules: object[]) =>
      rights({ clusterRoles: [clusterRole('c', rules)], clusterRoleBindings: [clusterBinding('b', 'c', account)] })
    judgePosture(objects(everything), { known })
    const [first] = known.risks.values()
    const again = judgePosture(objects(everything), { known })
    expect([...known.risks.values()]).toEqual([first])
    expect([...known.risks.values()][0]).toBe(first)
    expect(again.findings).toHaveLength(1)
    judgePosture(objects(harmless), { known })
    expect(known.risks.size).toBe(1)
    expect([...known.risks.values()][0]).toEqual([])
    expect([...known.chains.values()]).toEqual([[]])
  })

  test('another subject or permission is another digest, and the order of the subjects is not', () => {
    const digestOf = (rules: object[], ...subjects: { kind: string; name: string }[]) => {
      const objects = {
        clusterRoles: [clusterRole('c', rules)],
        clusterRoleBindings: [clusterBinding('b', 'c', ...subjects)],
      }
      return judgePosture(rights(objects)).findings.find(({ finding }) => finding.check === 'reads-named-secrets')
        ?.digest
    }
    const secrets = (...resourceNames: string[]) => [
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames },
    ]
    const [ada, eve] = [
      { kind: 'User', name: 'ada' },
      { kind: 'User', name: 'eve' },
    ]
    const digest = digestOf(secrets('a'), ada, eve)
    expect(digest).toMatch(/^sha256:/)
    expect(digestOf(secrets('a'), eve, ada)).toBe(digest)
    expect(digestOf(secrets('a'), ada)).not.toBe(digest)
    expect(digestOf(secrets('a', 'b'), ada, eve)).not.toBe(digest)
  })
})
