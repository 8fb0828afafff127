// What the checks of four scanners look for in RBAC, each with the smallest permissions that have the property, written for this
// comparison. docs/posture-compared.md shows what Postern finds in each.
import type { Rule } from '#lib/core/access/rule'
import type { Subject } from '#lib/core/rbac/cluster-objects'

/** The versions whose rules and documentation were read. */
export const scanners = {
  Kubescape: { repository: 'https://github.com/kubescape/regolibrary', commit: 'ce7ef32', date: '2026-08-21' },
  Kyverno: { repository: 'https://github.com/kyverno/policies', commit: 'b9c4317', date: '2026-03-06' },
  KubiScan: { repository: 'https://github.com/cyberark/KubiScan', commit: '0a10ee1', date: '2024-12-10' },
  'rbac-police': {
    repository: 'https://github.com/PaloAltoNetworks/rbac-police',
    commit: '1ec5d02',
    date: '2022-11-15',
  },
} as const

export type Scanner = keyof typeof scanners

export type ScannerCheck = {
  scanner: Scanner
  check: string
  rules: Rule[]
  /** The namespace of the binding; '' is a ClusterRoleBinding. */
  namespace: string
  subject: Subject
  /** The finding with the same meaning, or why Postern has none. */
  finds: string | { nothing: string }
  /** The API server decides: it has a test of its own in local/docs/scanner-checks.cluster.test.ts. */
  isTried?: true
}

const core = ''
const rbac = 'rbac.authorization.k8s.io'
const certificates = 'certificates.k8s.io'
const admission = 'admissionregistration.k8s.io'

/** `create,patch pods/exec` in an API group. */
const can = (text: string, group = core, ...resourceNames: string[]): Rule => {
  const [verbs = '', resources = ''] = text.split(' ')
  const rule = { apiGroups: [group], resources: resources.split(','), verbs: verbs.split(',') }
  return resourceNames.length > 0 ? { ...rule, resourceNames } : rule
}
const account: Subject = { kind: 'ServiceAccount', namespace: 'payments', name: 'api' }
const group = (name: string): Subject => ({ kind: 'Group', name })

type Finds = ScannerCheck['finds']
type More = { namespace?: string; subject?: Subject; isTried?: true }
const checksOf =
  (scanner: Scanner) =>
  (check: string, rules: Rule | Rule[], finds: Finds, more: More = {}): ScannerCheck => ({
    ...{ scanner, check, rules: [rules].flat(), finds, namespace: 'payments', subject: account },
    ...more,
  })
const kubescape = checksOf('Kubescape')
const kyverno = checksOf('Kyverno')
const kubiscan = checksOf('KubiScan')
const police = checksOf('rbac-police')

const wide = { namespace: '' }
const system = { namespace: 'kube-system' }
const masters = {
  nothing:
    'The members of `system:masters` may do everything anyway: no binding adds to that, and none can be taken from them.',
}
const lowReading = {
  nothing: 'The risk `reads-every-resource` is low, and *Posture* lists no low ones. Secrets would be a finding.',
}
const approvalAlone = {
  nothing:
    'The API server refuses the approval without `approve` for the signer. Both together are `approves-certificates`.',
}
const noPods = (what: string) => ({ nothing: `Postern does not read pods. ${what}` })

export const scannerChecks: readonly ScannerCheck[] = [
  kubescape('C-0002', can('create pods/exec'), 'runs-commands-in-pods'),
  kubescape(
    'C-0002, by `pods/*`',
    can('create pods/*'),
    {
      nothing: '`pods/*` is not a wildcard of RBAC: the API server denies `create pods/exec`.',
    },
    { isTried: true },
  ),
  kubescape('C-0007', can('delete deployments', 'apps'), 'deletes-workloads'),
  kubescape('C-0014', can('get configmaps'), {
    nothing: 'The name of the role or account, that of the dashboard, allows nothing. Its permissions are judged.',
  }),
  kubescape('C-0015', can('list secrets'), 'reads-secrets'),
  kubescape('C-0031', can('deletecollection events'), 'deletes-events'),
  kubescape('C-0035', can('* *', '*'), 'everything', wide),
  kubescape('C-0037', can('patch configmaps', core, 'coredns'), 'writes-configuration', system),
  kubescape(
    'C-0053',
    can('get configmaps'),
    noPods('That a pod’s account has any role is no finding, only a role with a risk.'),
  ),
  kubescape('C-0063', can('create pods/portforward'), 'forwards-ports'),
  kubescape('C-0065', can('impersonate users'), 'impersonates-users', wide),
  kubescape('C-0185', can('* *', '*'), 'everything', wide),
  kubescape('C-0186', can('watch secrets'), 'reads-secrets'),
  kubescape('C-0187', can('* *'), 'wildcard-verbs', wide),
  kubescape('C-0188', can('create pods'), 'creates-pods'),
  kubescape('C-0189', can('get configmaps'), 'default-account', {
    subject: { ...account, name: 'default' },
  }),
  kubescape('C-0191, bind', can('bind clusterroles', rbac), 'binds-roles'),
  kubescape('C-0191, escalate', can('escalate roles', rbac), 'escalates-roles'),
  kubescape(
    'C-0212',
    can('get configmaps'),
    {
      nothing: 'Roles in the namespace `default` allow no more than others: this is about order, not about access.',
    },
    { namespace: 'default' },
  ),
  kubescape('C-0246', can('get configmaps'), masters, { subject: group('system:masters') }),
  kubescape('C-0262', can('get configmaps'), 'broad-subject', { subject: { kind: 'User', name: 'system:anonymous' } }),
  kubescape('C-0265', can('list pods'), 'broad-subject', { ...wide, subject: group('system:authenticated') }),
  kubescape('C-0267', can('create deployments', 'apps'), 'writes-workloads'),
  kubescape('C-0272', can('* *', '*'), 'everything'),
  kubescape('C-0278', can('create persistentvolumes'), 'creates-persistent-volumes', wide),
  kubescape('C-0279', can('get nodes/proxy'), 'reaches-kubelets', wide),
  kubescape('C-0280', can('update certificatesigningrequests/approval', certificates), approvalAlone, {
    ...wide,
    isTried: true,
  }),
  kubescape('C-0281', can('delete validatingwebhookconfigurations', admission), 'writes-admission-webhooks', wide),
  kubescape('C-0282', can('create serviceaccounts/token'), 'mints-service-account-tokens'),

  kyverno('restrict-binding-clusteradmin', can('* *', '*'), 'everything'),
  kyverno('restrict-binding-system-groups, unauthenticated', can('get configmaps'), 'broad-subject', {
    subject: group('system:unauthenticated'),
  }),
  kyverno('restrict-binding-system-groups, masters', can('get configmaps'), masters, {
    subject: group('system:masters'),
  }),
  kyverno(
    'restrict-clusterrole-csr, approval',
    can('patch certificatesigningrequests/approval', certificates),
    approvalAlone,
    { ...wide, isTried: true },
  ),
  kyverno('restrict-clusterrole-csr, signers', can('approve signers', certificates), 'approves-for-signers', wide),
  kyverno(
    'restrict-clusterrole-mutating-validating-admission-webhooks',
    can('patch mutatingwebhookconfigurations', admission),
    'writes-admission-webhooks',
    wide,
  ),
  kyverno('restrict-clusterrole-nodesproxy', can('create nodes/proxy'), 'reaches-kubelets', wide),
  kyverno('restrict-edit-for-endpoints', can('update endpoints'), 'redirects-services'),
  kyverno('restrict-escalation-verbs-roles, bind', can('bind roles', rbac), 'binds-roles'),
  kyverno(
    'restrict-escalation-verbs-roles, escalate',
    can('escalate clusterroles', rbac),
    'escalates-cluster-roles',
    wide,
  ),
  kyverno(
    'restrict-escalation-verbs-roles, impersonate',
    can('impersonate clusterroles', rbac),
    {
      nothing:
        'The API server requires `impersonate` on users, groups, ServiceAccounts, UIDs and extra fields, never on roles.',
    },
    wide,
  ),
  kyverno('restrict-secret-role-verbs', can('get secrets'), 'reads-secrets'),
  kyverno('restrict-wildcard-resources', can('patch *', 'example.com'), 'wildcard-resources'),
  kyverno('restrict-wildcard-resources, to read', can('get *', 'example.com'), lowReading),
  kyverno('restrict-wildcard-verbs', can('* widgets', 'example.com'), 'wildcard-verbs'),
  kyverno('disallow-self-provisioner-binding', can('create projectrequests', 'project.openshift.io'), 'broad-subject', {
    ...wide,
    subject: group('system:authenticated:oauth'),
  }),
  kyverno(
    'disallow-security-context-constraint-anyuid',
    can('use securitycontextconstraints', 'security.openshift.io', 'anyuid'),
    'uses-loose-pod-security',
  ),

  kubiscan('risky-get-secrets', can('get secrets', '*'), 'reads-secrets'),
  kubiscan('risky-list-secrets', can('list secrets', '*'), 'reads-secrets'),
  kubiscan('risky-impersonate-groups', can('impersonate groups', '*'), 'impersonates-users', wide),
  kubiscan(
    'risky-impersonate-groups, in a Role',
    can('impersonate groups'),
    {
      nothing: 'Groups belong to the cluster: the API server denies their impersonation by a RoleBinding.',
    },
    { isTried: true },
  ),
  kubiscan('risky-any-verb', can('* *', '*'), 'everything'),
  kubiscan('risky-any-verb-secrets', can('* secrets', '*'), 'makes-lasting-tokens'),
  kubiscan('risky-any-verb-pods', can('* pods', '*'), 'creates-pods'),
  ...['deployments', 'daemonsets', 'statefulsets', 'replicationcontrollers', 'replicasets', 'cronjobs', 'jobs'].map(
    (resource) => kubiscan(`risky-any-verb-${resource}`, can(`* ${resource}`, '*'), 'writes-workloads'),
  ),
  kubiscan('risky-any-verb-roles', can('* roles', '*'), 'escalates-roles'),
  kubiscan('risky-any-verb-clusterroles', can('* clusterroles', '*'), 'escalates-cluster-roles', wide),
  kubiscan('risky-any-verb-rolebindings', can('* rolebindings', '*'), 'writes-role-bindings'),
  kubiscan(
    'risky-any-verb-clusterrolebindings',
    can('* clusterrolebindings', '*'),
    'writes-cluster-role-bindings',
    wide,
  ),
  kubiscan('risky-any-verb-users', can('* users', '*'), 'impersonates-users', wide),
  kubiscan('risky-any-verb-groups', can('* groups', '*'), 'impersonates-users', wide),
  kubiscan('risky-any-resource-delete', can('delete *', '*'), 'deletes-workloads'),
  kubiscan('risky-any-resource-delete, deletecollection', can('deletecollection *', '*'), 'deletes-in-bulk'),
  kubiscan('risky-any-resource-create', can('create *', '*'), 'creates-pods'),
  kubiscan('risky-any-resource-list', can('list *', '*'), 'reads-secrets'),
  kubiscan('risky-any-resource-get', can('get *', '*'), 'reads-secrets'),
  kubiscan('risky-any-resource-impersonate', can('impersonate *', '*'), 'impersonates-users', wide),
  kubiscan('risky-execute-command-node-proxy', can('get,create nodes/proxy', '*'), 'reaches-kubelets', wide),
  ...['deployments', 'daemonsets', 'statefulsets', 'replicationcontrollers', 'replicasets', 'jobs', 'cronjobs'].flatMap(
    (resource) =>
      ['create', 'update'].map((verb) =>
        kubiscan(`risky-${verb}-${resource}`, can(`${verb} ${resource}`, '*'), 'writes-workloads'),
      ),
  ),
  kubiscan(
    'risky-create-rolebinding-role',
    [can('create rolebindings', rbac), can('bind roles', rbac)],
    'binds-and-writes-role-bindings',
  ),
  kubiscan(
    'risky-create-rolebinding-clusterrole',
    [can('create rolebindings', rbac), can('bind clusterroles', rbac)],
    'binds-and-writes-role-bindings',
  ),
  kubiscan(
    'risky-create-clusterrolebinding-clusterrole',
    [can('create clusterrolebindings', rbac), can('bind clusterroles', rbac)],
    'binds-and-writes-cluster-role-bindings',
    wide,
  ),
  kubiscan('risky-create-pod', can('create pods', '*'), 'creates-pods'),
  kubiscan('risky-exec-pods', [can('create pods/exec'), can('get pods')], 'runs-commands-in-pods'),
  kubiscan('risky-attach-pods', [can('create pods/attach'), can('get pods')], 'attaches-to-pods'),
  kubiscan('risky-add-rolebinding', can('get,patch rolebindings', rbac), 'writes-role-bindings'),

  police(
    'approve_csrs',
    [
      can('create certificatesigningrequests', certificates),
      can('update certificatesigningrequests/approval', certificates),
      can('approve signers', certificates),
    ],
    'issues-certificates-to-self',
    wide,
  ),
  police('assign_sa', can('create daemonsets', 'apps'), 'writes-workloads', system),
  police(
    'bind_roles',
    [can('create rolebindings', rbac), can('bind rolebindings', rbac)],
    'writes-role-bindings',
    system,
  ),
  police(
    'bind_roles, without writing bindings',
    can('bind rolebindings', rbac),
    {
      nothing: 'The API server requires `bind` on the role, not on the binding, so this permission allows nothing.',
    },
    { ...system, isTried: true },
  ),
  police('cluster_admin', can('* *', '*'), 'everything', wide),
  police(
    'control_webhooks',
    can('create validatingwebhookconfigurations', admission),
    'writes-admission-webhooks',
    wide,
  ),
  police('eks_modify_aws_auth', can('update configmaps', core, 'aws-auth'), 'writes-configuration', system),
  police('escalate_roles', can('escalate roles', rbac), 'escalates-roles', system),
  police('impersonate', can('impersonate serviceaccounts'), 'impersonates-service-accounts'),
  police(
    'impersonate, extra fields',
    can('impersonate userextras/scopes', 'authentication.k8s.io'),
    'impersonates-attributes',
    wide,
  ),
  police('issue_token_secrets', can('create secrets'), 'writes-secrets', system),
  police('list_secrets', can('list secrets'), 'reads-secrets', wide),
  police('modify_node_status', can('patch nodes/status'), 'changes-nodes', wide),
  police('modify_pod_status', can('patch pods/status'), {
    nothing: 'The risk `fakes-pod-status` is low, as it is there, and *Posture* lists no low ones.',
  }),
  police('modify_pods', can('patch pods'), 'changes-pods', system),
  police('modify_service_status_cve_2020_8554', can('patch services/status'), 'writes-services'),
  police('nodes_proxy', can('create nodes/proxy'), 'reaches-kubelets', wide),
  police('obtain_token_weak_ns', can('create serviceaccounts/token'), 'mints-service-account-tokens'),
  police('pods_ephemeral_ctrs', can('patch pods/ephemeralcontainers'), 'adds-debug-containers'),
  police('pods_exec', can('create pods/exec'), 'runs-commands-in-pods', system),
  police('providerIAM', can('get configmaps'), {
    nothing:
      'The worker reads the names of ServiceAccounts, not the annotations that grant them roles in a cloud account.',
  }),
  police('rce_weak_ns', can('patch pods'), 'changes-pods'),
  police('retrieve_token_secrets', can('get secrets'), 'reads-secrets', system),
  police('steal_pods', [can('delete pods'), can('patch nodes')], 'steals-pods', wide),
  police('token_request', can('create serviceaccounts/token'), 'mints-service-account-tokens', system),
]
