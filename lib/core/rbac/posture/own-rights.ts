// Postern's own permissions, as deploy/rbac.yaml grants them, each with its reason. They are expected; anything beyond them
// is a finding like that of any other account. A test compares the list with the file.
import { isSystemNamespace, protectedNamespaces } from '#lib/core/access/namespaces'
import type { OwnRights } from '#lib/core/access/posture-finding'
import type { Rule } from '#lib/core/access/rule'
import { type PathRule, type PolicyRule, pathRules, type RoleRef, resourceRules } from '#lib/core/rbac/cluster-objects'
import { covers } from '#lib/core/rbac/covers'
import { rulesInWords } from '#lib/core/rbac/sentence'

/** Postern's own account, as `subjectText` writes it. */
export const ownAccount = 'ServiceAccount postern-system/postern'

type ExpectedRule = PolicyRule & { why: string }
type OwnRole = {
  kind: 'Role' | 'ClusterRole'
  name: string
  /** The part of deploy/rbac.yaml. */
  part: number
  /** `everywhere`: by a ClusterRoleBinding; `chosen`: by RoleBindings; otherwise the one namespace. */
  bound: 'everywhere' | 'chosen' | { namespace: string }
  rules: ExpectedRule[]
}

const rbac = ['rbac.authorization.k8s.io']

export const ownRoles: readonly OwnRole[] = [
  {
    ...{ kind: 'Role', name: 'postern-grants', part: 2, bound: { namespace: 'postern-grants' } },
    rules: [
      {
        ...{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['create', 'get', 'list', 'delete'] },
        why: 'Each grant has its own ServiceAccount, so that deleting it invalidates its tokens.',
      },
      {
        ...{ apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
        why: 'The holder of a grant gets a short-lived token for its ServiceAccount.',
      },
    ],
  },
  {
    ...{ kind: 'ClusterRole', name: 'postern-reader', part: 3, bound: 'everywhere' },
    rules: [
      {
        ...{ apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
        why: 'A grant becomes active only after the cluster has answered “allowed”, and ended only after “denied”.',
      },
      {
        ...{ apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'], verbs: ['create'] },
        why: 'Clusters shows missing permissions before they are needed.',
      },
      {
        ...{ nonResourceURLs: ['/version'], verbs: ['get'] },
        why: 'Clusters shows the version of the API server.',
      },
      {
        ...{ apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list'] },
        why: 'The namespaces of a request must exist, and an entitlement may select them by label.',
      },
      {
        ...{ apiGroups: rbac, resources: ['roles', 'rolebindings'], verbs: ['get', 'list'] },
        why: 'The sweep finds objects with Postern’s label that belong to no live grant.',
      },
      {
        ...{ apiGroups: rbac, resources: ['clusterroles'], resourceNames: ['view'], verbs: ['get'] },
        why: 'Access begins only while a ClusterRole that an entitlement names has the rules that were approved.',
      },
    ],
  },
  {
    ...{ kind: 'ClusterRole', name: 'postern-granter', part: 4, bound: 'chosen' },
    rules: [
      {
        ...{ apiGroups: rbac, resources: ['roles', 'rolebindings'], verbs: ['create', 'delete'] },
        why: 'A grant is a Role with exactly the approved rules, and a RoleBinding to the grant’s ServiceAccount.',
      },
      {
        ...{ apiGroups: rbac, resources: ['roles'], verbs: ['escalate', 'bind'] },
        why: 'Without these verbs Postern would need every permission that it may ever grant, all the time.',
      },
      {
        ...{ apiGroups: rbac, resources: ['clusterroles'], resourceNames: ['view'], verbs: ['bind'] },
        why: 'Entitlements may name a ClusterRole instead of rules.',
      },
    ],
  },
  {
    ...{ kind: 'ClusterRole', name: 'postern-rights-reader', part: 6, bound: 'everywhere' },
    rules: [
      {
        ...{ apiGroups: rbac, resources: ['clusterroles', 'clusterrolebindings'], verbs: ['list'] },
        why: 'They define people’s current access, so that an approver sees what a grant would add.',
      },
      {
        ...{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['list'] },
        why: 'Anyone who can create pods can run them as any ServiceAccount of the namespace, which approvers see.',
      },
      {
        ...{ nonResourceURLs: ['/api', '/apis'], verbs: ['get'] },
        why: 'A rule for a resource that the cluster does not serve grants nothing, and Postern warns about it.',
      },
    ],
  },
  {
    ...{ kind: 'ClusterRole', name: 'postern-pod-reader', part: 7, bound: 'chosen' },
    rules: [
      {
        ...{ apiGroups: [''], resources: ['pods'], verbs: ['list'] },
        why: 'What a shell in a pod leads to depends on its security context, which guardrails can check.',
      },
    ],
  },
  {
    ...{ kind: 'ClusterRole', name: 'postern-admission-reader', part: 8, bound: 'everywhere' },
    rules: [
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
        verbs: ['list'],
        why: 'An admission policy that someone weakened or removed by hand is shown on Clusters.',
      },
    ],
  },
  {
    ...{ kind: 'Role', name: 'postern-token-renewal', part: 9, bound: { namespace: 'postern-system' } },
    rules: [
      {
        ...{ apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: ['postern'], verbs: ['create'] },
        why: 'A worker renews Postern’s own token before it expires.',
      },
    ],
  },
]

/** Part 3 and part 4 of the file list the ClusterRoles that entitlements name. */
const withVetted = (rule: ExpectedRule, vetted: readonly string[]): ExpectedRule =>
  rule.resources?.includes('clusterroles') && rule.resourceNames
    ? { ...rule, resourceNames: [...new Set([...rule.resourceNames, ...vetted])] }
    : rule

type Binding = { metadata: { namespace?: string; name: string }; roleRef: RoleRef }

/**
 * The role of deploy/rbac.yaml that a binding gives Postern, with the rules that the file gives it; undefined if the file has
 * no such binding. Its granter in a namespace of the cluster or of Postern itself is not of the file: it warns against it.
 */
export function ownRoleOf({ metadata: { namespace = '' }, roleRef }: Binding, vetted: readonly string[]) {
  const role = ownRoles.find(({ kind, name }) => kind === roleRef.kind && name === roleRef.name)
  if (!role) return undefined
  const isPlaced =
    role.bound === 'everywhere'
      ? namespace === ''
      : role.bound === 'chosen'
        ? namespace !== '' && !isSystemNamespace(namespace) && !protectedNamespaces.includes(namespace)
        : namespace === role.bound.namespace
  return isPlaced ? { ...role, rules: role.rules.map((rule) => withVetted(rule, vetted)) } : undefined
}

export type Beyond = { rules: Rule[]; paths: PathRule[] }

/** The rules of a role that go beyond what deploy/rbac.yaml gives it. */
export function beyond(expected: readonly PolicyRule[], actual: readonly PolicyRule[] | null | undefined): Beyond {
  const { uncovered } = covers(resourceRules(expected), resourceRules(actual))
  const known = pathRules(expected)
  const isKnown = (verb: string, url: string) =>
    known.some(({ verbs, nonResourceURLs }) => verbs.includes(verb) && nonResourceURLs.includes(url))
  const paths = pathRules(actual).filter(({ verbs, nonResourceURLs }) =>
    nonResourceURLs.some((url) => verbs.some((verb) => !isKnown(verb, url))),
  )
  return { rules: [...uncovered], paths }
}

/** Is Postern's account the only subject? */
export const isOnlyPostern = (subjects: readonly string[]): boolean =>
  subjects.length > 0 && subjects.every((subject) => subject === ownAccount)

export type OwnBinding = { role: OwnRole; binding: OwnRights['bindings'][number] }

const mostBindings = 100

const permissionText = (rule: PolicyRule): string =>
  rule.nonResourceURLs?.length
    ? `${(rule.verbs ?? []).join(', ')} ${rule.nonResourceURLs.join(', ')}`
    : rulesInWords(resourceRules([rule]))

/** What Postern itself may do, role by role. */
export function ownRightsOf(found: readonly OwnBinding[]): OwnRights[] {
  return ownRoles.flatMap(({ kind, name, part }) => {
    const some = found.filter(({ role }) => role.name === name && role.kind === kind)
    const [first] = some
    if (!first) return []
    return [
      {
        ...{ role: { kind, name }, part, moreBindings: Math.max(0, some.length - mostBindings) },
        bindings: some.slice(0, mostBindings).map(({ binding }) => binding),
        permissions: first.role.rules.map((rule) => ({ permission: permissionText(rule), why: rule.why })),
      },
    ]
  })
}
