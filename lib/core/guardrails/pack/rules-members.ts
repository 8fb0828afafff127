// The members of the pack that look at the rules themselves.
import { z } from 'zod'
import { member, type PackMember } from './member.ts'
import { cel, prod, prodCluster, rule } from './writing.ts'

const groups = z.array(z.string().min(1).max(256)).min(1).max(50)

const isAmong = (groupNames: readonly string[]) => `requester.groups.exists(g, g in ${cel(groupNames)})`

const noWildcardsInProd = member({
  name: 'no-wildcards-in-prod',
  title: 'No wildcards in production',
  why: 'A * also gives what is installed next year: nobody can say what was approved.',
  isDefault: false,
  settings: z.strictObject({ clusterLabels: prod }),
  guardrails: ({ clusterLabels }) => [
    {
      name: 'no-wildcards-in-prod',
      description: 'A wildcard gives more than anybody can review.',
      match: { clusterLabels },
      when: "rules.exists(r, '*' in r.verbs || '*' in r.apiGroups || r.resources.exists(x, x == '*' || x.startsWith('*/')))",
      effect: 'deny',
      message: 'No wildcards in production: name the verbs, API groups and resources.',
    },
  ],
  example: true,
  cases: [
    {
      name: 'every verb in production',
      given: { ...prodCluster, rules: [rule(['*'], ['pods'])] },
      expect: { violations: ['no-wildcards-in-prod'] },
    },
    {
      name: 'the scale of everything in production',
      given: { ...prodCluster, rules: [rule(['get'], ['*/scale'], ['apps'])] },
      expect: { violations: ['no-wildcards-in-prod'] },
    },
    { name: 'named verbs in production', given: { ...prodCluster, rules: [rule(['get', 'list'], ['pods'])] } },
    { name: 'wildcards elsewhere', given: { rules: [rule(['*'], ['*'], ['apps'])] } },
  ],
})

// Cluster-scoped resources of Kubernetes itself; a Role that names them gives nothing. `namespaces` is left out: inside
// a namespace a Role can give `get` on that namespace.
const clusterScoped = [
  'nodes',
  'persistentvolumes',
  'clusterroles',
  'clusterrolebindings',
  'customresourcedefinitions',
  'mutatingwebhookconfigurations',
  'validatingwebhookconfigurations',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'storageclasses',
  'csidrivers',
  'csinodes',
  'volumeattachments',
  'priorityclasses',
  'ingressclasses',
  'runtimeclasses',
  'certificatesigningrequests',
  'clustertrustbundles',
  'apiservices',
  'flowschemas',
  'prioritylevelconfigurations',
  'tokenreviews',
  'subjectaccessreviews',
  'selfsubjectaccessreviews',
]

const onlyNamespaced = member({
  name: 'only-namespaced',
  title: 'Roles and RoleBindings only',
  why: 'Access is given namespace by namespace. Rules for the whole cluster would need a ClusterRoleBinding, and in a Role they give nothing.',
  isDefault: true,
  settings: z.strictObject({}),
  guardrails: () => [
    {
      name: 'only-namespaced',
      description: 'Rules about the whole cluster give nothing in a namespace.',
      when: `rules.exists(r, r.resources.exists(x, x.split('/')[0] in ${cel(clusterScoped)}))`,
      effect: 'deny',
      message:
        'Nodes, cluster roles and other objects of the whole cluster cannot be given in a namespace: take them out.',
    },
  ],
  example: true,
  cases: [
    {
      name: 'nodes',
      given: { rules: [rule(['get'], ['nodes'])] },
      expect: { violations: ['only-namespaced'] },
    },
    {
      name: 'a subresource of nodes',
      given: { rules: [rule(['get'], ['nodes/proxy'])] },
      expect: { violations: ['only-namespaced'] },
    },
    {
      name: 'cluster role bindings',
      given: { rules: [rule(['get'], ['clusterrolebindings'], ['rbac.authorization.k8s.io'])] },
      expect: { violations: ['only-namespaced'] },
    },
    { name: 'deployments', given: { rules: [rule(['get', 'patch'], ['deployments'], ['apps'])] } },
  ],
})

const deleteOnlyForOperators = member({
  name: 'delete-only-for-operators',
  title: 'Deleting is for operators',
  why: 'What is deleted is gone, also for those who have to find out what happened.',
  isDefault: false,
  settings: z.strictObject({
    groups: groups.meta({ description: 'The operators.' }),
    alsoCreate: z.boolean().default(false).meta({ description: 'Creating is for operators, too.' }),
  }),
  guardrails: (settings) => {
    const verbs = ['delete', 'deletecollection', '*', ...(settings.alsoCreate ? ['create'] : [])]
    return [
      {
        name: 'delete-only-for-operators',
        description: 'Deleting is for operators.',
        when: `rules.exists(r, r.verbs.exists(v, v in ${cel(verbs)})) && !${isAmong(settings.groups)}`,
        effect: 'deny',
        messageExpression: `'Deleting${settings.alsoCreate ? ' and creating' : ''} is for ' + ${cel(settings.groups)}.join(' or ') + ': ask for it through one of them, or take it out.'`,
      },
    ]
  },
  example: { groups: ['sre'] },
  cases: [
    {
      name: 'a developer deletes',
      given: { rules: [rule(['get', 'delete'], ['pods'])] },
      expect: { violations: ['delete-only-for-operators'] },
    },
    {
      name: 'a developer may do everything, so delete as well',
      given: { rules: [rule(['*'], ['pods'])] },
      expect: { violations: ['delete-only-for-operators'] },
    },
    { name: 'an operator deletes', given: { groups: ['sre'], rules: [rule(['delete'], ['pods'])] } },
    { name: 'a developer reads', given: { rules: [rule(['get', 'list'], ['pods'])] } },
    {
      name: 'a developer creates, which is not asked about',
      given: { rules: [rule(['create'], ['jobs'], ['batch'])] },
    },
  ],
})

const noSecretsInBulk = member({
  name: 'no-secrets-in-bulk',
  title: 'No Secrets in bulk',
  why: 'Listing or watching Secrets shows all of them, whatever names a rule gives; reading any one by name is the same, one by one.',
  isDefault: false,
  settings: z.strictObject({}),
  guardrails: () => [
    {
      name: 'no-secrets-in-bulk',
      description: 'Secrets are given one by one, by name.',
      when: [
        "rules.exists(r, r.apiGroups.exists(g, g in ['', '*']) && r.resources.exists(x, x in ['secrets', '*'])",
        "&& (r.verbs.exists(v, v in ['list', 'watch', 'deletecollection', '*']) || ('get' in r.verbs && r.resourceNames.size() == 0)))",
      ].join('\n  '),
      effect: 'deny',
      message:
        'Secrets are given by name only: name them in resourceNames and take out list, watch and deletecollection.',
    },
  ],
  example: true,
  cases: [
    {
      name: 'listing Secrets',
      given: { rules: [rule(['list'], ['secrets'])] },
      expect: { violations: ['no-secrets-in-bulk'] },
    },
    {
      name: 'watching one Secret by name still shows all of them',
      given: { rules: [rule(['watch'], ['secrets'], [''], ['db'])] },
      expect: { violations: ['no-secrets-in-bulk'] },
    },
    {
      name: 'getting any Secret',
      given: { rules: [rule(['get'], ['secrets'])] },
      expect: { violations: ['no-secrets-in-bulk'] },
    },
    {
      name: 'listing everything of every group',
      given: { rules: [rule(['get', 'list'], ['*'], ['*'])] },
      expect: { violations: ['no-secrets-in-bulk'] },
    },
    { name: 'one Secret by name', given: { rules: [rule(['get', 'patch'], ['secrets'], [''], ['db'])] } },
    { name: 'listing config maps', given: { rules: [rule(['list'], ['configmaps'])] } },
  ],
})

export const rulesMembers: PackMember[] = [noWildcardsInProd, onlyNamespaced, deleteOnlyForOperators, noSecretsInBulk]
