// The guardrails of the pack about verbs and resources.
import { z } from 'zod'
import { member, type PackMember } from './member.ts'
import { cel, prod, prodCluster, rule } from './writing.ts'

const groups = z.array(z.string().min(1).max(256)).min(1).max(50)

const isAmong = (groupNames: readonly string[]) => `requester.groups.exists(g, g in ${cel(groupNames)})`

const noWildcardsInProd = member({
  name: 'no-wildcards-in-prod',
  title: 'No wildcards in production',
  why: 'A wildcard also covers resources that are installed later, so no one can tell what an approval covers.',
  isDefault: false,
  settings: z.strictObject({ clusterLabels: prod }),
  guardrails: ({ clusterLabels }) => [
    {
      name: 'no-wildcards-in-prod',
      description: 'A wildcard grants more than anyone can review.',
      match: { clusterLabels },
      when: "rules.exists(r, '*' in r.verbs || '*' in r.apiGroups || r.resources.exists(x, x == '*' || x.startsWith('*/')))",
      effect: 'deny',
      message: "Wildcards aren't allowed in production. Name the verbs, API groups and resources.",
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
      name: 'the scale subresource of every resource in production',
      given: { ...prodCluster, rules: [rule(['get'], ['*/scale'], ['apps'])] },
      expect: { violations: ['no-wildcards-in-prod'] },
    },
    { name: 'named verbs in production', given: { ...prodCluster, rules: [rule(['get', 'list'], ['pods'])] } },
    { name: 'wildcards in another environment', given: { rules: [rule(['*'], ['*'], ['apps'])] } },
  ],
})

// Cluster-scoped resources of Kubernetes itself, which a Role cannot grant. `namespaces` is not among them: a Role can
// grant `get` on its own namespace.
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
  title: 'Namespaced resources only',
  why: 'Postern grants access namespace by namespace. Rules for cluster-scoped resources need a ClusterRoleBinding; in a Role they have no effect.',
  isDefault: true,
  settings: z.strictObject({}),
  guardrails: () => [
    {
      name: 'only-namespaced',
      description: 'Rules for cluster-scoped resources have no effect in a namespace.',
      match: { scope: 'namespaced' },
      when: `rules.exists(r, r.resources.exists(x, x.split('/')[0] in ${cel(clusterScoped)}))`,
      effect: 'deny',
      message: "Nodes, ClusterRoles and other cluster-scoped resources can't be granted in a namespace. Remove them.",
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
  title: 'Only operators may delete',
  why: 'Deleted objects are gone, also for the people who have to find out what happened.',
  isDefault: false,
  settings: z.strictObject({
    groups: groups.meta({ description: 'The groups of operators.' }),
    alsoCreate: z.boolean().default(false).meta({ description: 'Whether only operators may create, too.' }),
  }),
  guardrails: (settings) => {
    const verbs = ['delete', 'deletecollection', '*', ...(settings.alsoCreate ? ['create'] : [])]
    return [
      {
        name: 'delete-only-for-operators',
        description: 'Only operators may delete.',
        when: `rules.exists(r, r.verbs.exists(v, v in ${cel(verbs)})) && !${isAmong(settings.groups)}`,
        effect: 'deny',
        messageExpression: `'Only members of ' + ${cel(settings.groups)}.join(' or ') + ' may delete${settings.alsoCreate ? ' or create' : ''}. Remove these verbs.'`,
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
      name: 'a developer requests every verb, which includes delete',
      given: { rules: [rule(['*'], ['pods'])] },
      expect: { violations: ['delete-only-for-operators'] },
    },
    { name: 'an operator deletes', given: { groups: ['sre'], rules: [rule(['delete'], ['pods'])] } },
    { name: 'a developer reads', given: { rules: [rule(['get', 'list'], ['pods'])] } },
    {
      name: 'a developer creates, which the example does not restrict',
      given: { rules: [rule(['create'], ['jobs'], ['batch'])] },
    },
  ],
})

const noSecretsInBulk = member({
  name: 'no-secrets-in-bulk',
  title: 'No bulk access to Secrets',
  why: 'Listing or watching Secrets returns all of them, whatever names a rule has. So does getting them one by one without a restriction to names. The answers to patch and delete contain them too.',
  isDefault: false,
  settings: z.strictObject({}),
  guardrails: () => [
    {
      name: 'no-secrets-in-bulk',
      description: 'Secrets are granted one by one, by name.',
      when: [
        "rules.exists(r, r.apiGroups.exists(g, g in ['', '*']) && r.resources.exists(x, x in ['secrets', '*'])",
        "&& (r.verbs.exists(v, v in ['list', 'watch', 'deletecollection', '*']) || (r.verbs.exists(v, v in ['get', 'patch', 'delete']) && r.resourceNames.size() == 0)))",
      ].join('\n  '),
      effect: 'deny',
      message: 'Secrets can only be granted by name. Set resourceNames, and remove list, watch and deletecollection.',
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
      name: 'watching one Secret by name, which returns all of them',
      given: { rules: [rule(['watch'], ['secrets'], [''], ['db'])] },
      expect: { violations: ['no-secrets-in-bulk'] },
    },
    {
      name: 'getting any Secret',
      given: { rules: [rule(['get'], ['secrets'])] },
      expect: { violations: ['no-secrets-in-bulk'] },
    },
    {
      name: 'patching any Secret, whose answer contains it',
      given: { rules: [rule(['patch'], ['secrets'])] },
      expect: { violations: ['no-secrets-in-bulk'] },
    },
    {
      name: 'deleting any Secret, which a dry run answers with its contents',
      given: { rules: [rule(['delete'], ['secrets'])] },
      expect: { violations: ['no-secrets-in-bulk'] },
    },
    {
      name: 'listing every resource of every group',
      given: { rules: [rule(['get', 'list'], ['*'], ['*'])] },
      expect: { violations: ['no-secrets-in-bulk'] },
    },
    { name: 'one Secret by name', given: { rules: [rule(['get', 'patch'], ['secrets'], [''], ['db'])] } },
    { name: 'listing ConfigMaps', given: { rules: [rule(['list'], ['configmaps'])] } },
  ],
})

export const rulesMembers: PackMember[] = [noWildcardsInProd, onlyNamespaced, deleteOnlyForOperators, noSecretsInBulk]
