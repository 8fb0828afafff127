// The members of the pack that stop rights which make rights.
import { z } from 'zod'
import { member, type PackMember } from './member.ts'
import { cel, rule } from './writing.ts'

const rbacObjects = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings', '*']

const noEscalation = member({
  name: 'no-escalation',
  title: 'No escalation, ever',
  why: 'Whoever may escalate, bind, impersonate, write roles and bindings or make tokens has every right that these lead to, and keeps it when the grant has ended.',
  isDefault: true,
  settings: z.strictObject({}),
  guardrails: () => [
    {
      name: 'no-escalation',
      description: 'Rights that make rights outlive every grant.',
      when: [
        "rules.exists(r, r.verbs.exists(v, v in ['escalate', 'bind', 'impersonate', 'approve', 'sign'] || v.startsWith('impersonate:') || v.startsWith('impersonate-on:')))",
        `|| rules.exists(r, r.apiGroups.exists(g, g in ['rbac.authorization.k8s.io', '*']) && r.resources.exists(x, x in ${cel(rbacObjects)}) && r.verbs.exists(v, !(v in ['get', 'list', 'watch'])))`,
        "|| rules.exists(r, r.apiGroups.exists(g, g in ['', '*']) && r.resources.exists(x, x in ['serviceaccounts/token', '*/token', '*']) && r.verbs.exists(v, v in ['create', '*']))",
        "|| rules.exists(r, '*' in r.verbs && r.apiGroups.exists(g, g in ['', '*', 'authentication.k8s.io', 'certificates.k8s.io']) && r.resources.exists(x, x in ['users', 'groups', 'serviceaccounts', 'uids', 'signers', '*'] || x.startsWith('userextras')))",
      ].join('\n'),
      effect: 'deny',
      message:
        'No escalation: rules that write roles or bindings, make tokens, impersonate or approve certificates are never given.',
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
      name: 'making a token of a service account',
      given: { rules: [rule(['create'], ['serviceaccounts/token'])] },
      expect: { violations: ['no-escalation'] },
    },
    {
      name: 'creating everything of the core group, so tokens as well',
      given: { rules: [rule(['create'], ['*'])] },
      expect: { violations: ['no-escalation'] },
    },
    {
      name: 'every verb on service accounts, so impersonating them as well',
      given: { rules: [rule(['*'], ['serviceaccounts'])] },
      expect: { violations: ['no-escalation'] },
    },
    { name: 'reading roles', given: { rules: [rule(['get', 'list'], ['roles'], ['rbac.authorization.k8s.io'])] } },
    { name: 'every verb on pods', given: { rules: [rule(['*'], ['pods'])] } },
  ],
})

const noServiceAccounts = member({
  name: 'no-service-accounts',
  title: 'Nothing for the service accounts of others',
  why: 'Service accounts belong to programs: who changes one, or lets it in elsewhere, acts in its name.',
  isDefault: true,
  settings: z.strictObject({}),
  guardrails: () => [
    {
      name: 'no-service-accounts',
      description: 'Service accounts belong to the programs that use them.',
      when: "rules.exists(r, r.apiGroups.exists(g, g in ['', '*']) && r.resources.exists(x, x in ['serviceaccounts', '*'] || x.startsWith('serviceaccounts/')) && r.verbs.exists(v, !(v in ['get', 'list', 'watch'])))",
      effect: 'deny',
      message: 'Service accounts may be read and not changed: take out the other verbs.',
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
      name: 'changing everything of the core group',
      given: { rules: [rule(['patch'], ['*'])] },
      expect: { violations: ['no-service-accounts'] },
    },
    { name: 'reading service accounts', given: { rules: [rule(['get', 'list'], ['serviceaccounts'])] } },
    { name: 'changing everything of another group', given: { rules: [rule(['patch'], ['*'], ['apps'])] } },
  ],
})

export const escalationMembers: PackMember[] = [noEscalation, noServiceAccounts]
