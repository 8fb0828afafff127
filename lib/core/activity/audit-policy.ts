// The audit policy of an API server: the least that Postern needs. `postern cluster audit-policy` prints it with these comments.
import { grantsNamespace, protectedNamespaces } from '#lib/core/access/namespaces'
import { vouchedGroup } from '#lib/core/access/vouched-user'

type PolicyRule = {
  level: 'None' | 'Metadata' | 'RequestResponse'
  users?: string[]
  userGroups?: string[]
  verbs?: string[]
  namespaces?: string[]
  resources?: Array<{ group: string; resources?: string[] }>
  nonResourceURLs?: string[]
}

const changes = ['create', 'update', 'patch', 'delete', 'deletecollection']

/** The first rule that matches a call decides. */
export const auditPolicyRules: ReadonlyArray<{ comment: string; rule: PolicyRule }> = [
  {
    comment:
      'Everything that is done with a grant: the ServiceAccounts of all grants are in one namespace, their users in one group. Without bodies.',
    rule: { level: 'Metadata', userGroups: [`system:serviceaccounts:${grantsNamespace}`, vouchedGroup] },
  },
  {
    comment:
      'Changes of access and of admission, with the object. Rare: a few for each grant, and what administrators do.',
    rule: {
      level: 'RequestResponse',
      verbs: changes,
      resources: [{ group: 'rbac.authorization.k8s.io' }, { group: 'admissionregistration.k8s.io' }],
    },
  },
  {
    comment: 'Kubelets request tokens for each pod, and read the secrets of their pods.',
    rule: { level: 'None', userGroups: ['system:nodes'] },
  },
  {
    comment: 'Requests of anyone else for tokens and certificates, never with their content.',
    rule: {
      level: 'Metadata',
      verbs: changes,
      resources: [{ group: '', resources: ['serviceaccounts/token'] }, { group: 'certificates.k8s.io' }],
    },
  },
  {
    comment: 'Other changes in the namespaces of Postern itself.',
    rule: {
      level: 'Metadata',
      verbs: changes,
      namespaces: [...protectedNamespaces],
      resources: [{ group: '', resources: ['serviceaccounts', 'secrets', 'configmaps', 'pods'] }],
    },
  },
  {
    comment: 'The control plane reads secrets all the time.',
    rule: {
      level: 'None',
      users: ['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler'],
    },
  },
  {
    comment: 'So do its controllers.',
    rule: { level: 'None', userGroups: ['system:serviceaccounts:kube-system'] },
  },
  {
    comment: 'Secrets, without their content: who read or changed which.',
    rule: { level: 'Metadata', resources: [{ group: '', resources: ['secrets'] }] },
  },
  {
    comment: 'Health checks are anonymous and frequent.',
    rule: {
      level: 'None',
      nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/version'],
    },
  },
  {
    comment: 'Every other anonymous call.',
    rule: { level: 'Metadata', userGroups: ['system:unauthenticated'] },
  },
  {
    comment: 'Nothing else of anyone who is known.',
    rule: { level: 'None', userGroups: ['system:authenticated'] },
  },
  {
    comment: 'The rest is calls whose credentials were refused: they have no user.',
    rule: { level: 'Metadata' },
  },
]

export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: auditPolicyRules.map(({ rule }) => rule),
}
