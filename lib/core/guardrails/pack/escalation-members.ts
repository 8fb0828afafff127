// The guardrails of the pack against privilege escalation.
import { z } from 'zod'
import { member, type PackMember } from './member.ts'
import { cel, rule } from './writing.ts'

const rbacObjects = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings', '*']

const noEscalation = member({
  name: 'no-escalation',
  title: 'No privilege escalation',
  why: 'Anyone who can escalate, bind, impersonate, write roles or bindings, or issue tokens can get every permission that these lead to, and keep it after the grant ends.',
  isDefault: true,
  settings: z.strictObject({}),
  guardrails: () => [
    {
      name: 'no-escalation',
      description: 'Blocks permissions that could create access outliving the grant.',
      when: [
        "rules.exists(r, r.verbs.exists(v, v in ['escalate', 'bind', 'impersonate', 'approve', 'sign'] || v.startsWith('impersonate:') || v.startsWith('impersonate-on:')))",
        `|| rules.exists(r, r.apiGroups.exists(g, g in ['rbac.authorization.k8s.io', 'authorization.openshift.io', '*']) && r.resources.exists(x, x in ${cel(rbacObjects)}) && r.verbs.exists(v, !(v in ['get', 'list', 'watch'])))`,
        "|| rules.exists(r, r.apiGroups.exists(g, g in ['', '*']) && r.resources.exists(x, x in ['serviceaccounts/token', '*/token', '*']) && r.verbs.exists(v, v in ['create', '*']))",
        "|| rules.exists(r, '*' in r.verbs && r.apiGroups.exists(g, g in ['', '*', 'authentication.k8s.io', 'certificates.k8s.io']) && r.resources.exists(x, x in ['users', 'groups', 'serviceaccounts', 'uids', 'signers', '*'] || x.startsWith('userextras')))",
      ].join('\n'),
      effect: 'deny',
      message:
        'Rules that write roles or bindings, issue tokens, impersonate or approve certificates are never granted.',
    },
  ],
  example: true,
  cases: [
    ...['escalate', 'bind', 'impersonate', 'impersonate:user-info', 'impersonate-on:user-info:list'].map((verb) => ({
      name: `the verb ${verb}`,
      given: { rules: [rule([verb], ['things'], ['example.com'])] },
      expect: { violations: ['no-escalation'] },
    })),
    {
      name: 'writing a role binding',
      given: { rules: [rule(['patch'], ['rolebindings'], ['rbac.authorization.k8s.io'])] },
      expect: { violations: ['no-escalation'] },
    },
    {
      name: 'writing a role binding by the API of OpenShift',
      given: { rules: [rule(['create'], ['rolebindings'], ['authorization.openshift.io'])] },
      expect: { violations: ['no-escalation'] },
    },
    {
      name: 'issuing a token for a service account',
      given: { rules: [rule(['create'], ['serviceaccounts/token'])] },
      expect: { violations: ['no-escalation'] },
    },
    {
      name: 'creating every resource of the core group, which includes tokens',
      given: { rules: [rule(['create'], ['*'])] },
      expect: { violations: ['no-escalation'] },
    },
    {
      name: 'every verb on service accounts, which includes impersonate',
      given: { rules: [rule(['*'], ['serviceaccounts'])] },
      expect: { violations: ['no-escalation'] },
    },
    { name: 'reading roles', given: { rules: [rule(['get', 'list'], ['roles'], ['rbac.authorization.k8s.io'])] } },
    { name: 'every verb on pods', given: { rules: [rule(['*'], ['pods'])] } },
  ],
})

const noServiceAccounts = member({
  name: 'no-service-accounts',
  title: 'No changes to service accounts',
  why: 'Workloads run as service accounts, so anyone who changes one can act as its workload.',
  isDefault: true,
  settings: z.strictObject({}),
  guardrails: () => [
    {
      name: 'no-service-accounts',
      description: 'Service accounts belong to the workloads that use them.',
      when: "rules.exists(r, r.apiGroups.exists(g, g in ['', '*']) && r.resources.exists(x, x in ['serviceaccounts', '*'] || x.startsWith('serviceaccounts/')) && r.verbs.exists(v, !(v in ['get', 'list', 'watch'])))",
      effect: 'deny',
      message: 'Service accounts can be read, but not changed. Remove the other verbs.',
    },
  ],
  example: true,
  cases: [
    {
      name: 'changing a service account',
      given: { rules: [rule(['patch'], ['serviceaccounts'], [''], ['default'])] },
      expect: { violations: ['no-service-accounts'] },
    },
    {
      name: 'changing every resource of the core group',
      given: { rules: [rule(['patch'], ['*'])] },
      expect: { violations: ['no-service-accounts'] },
    },
    { name: 'reading service accounts', given: { rules: [rule(['get', 'list'], ['serviceaccounts'])] } },
    { name: 'changing every resource of another group', given: { rules: [rule(['patch'], ['*'], ['apps'])] } },
  ],
})

export const escalationMembers: PackMember[] = [noEscalation, noServiceAccounts]
