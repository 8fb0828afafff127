// Who can choose the owners of a namespace by its label, without being named for it in postern.yaml?
import { contentHash } from '#lib/core/access/content-hash'
import { type OwnerLabel, ownerLabelsIn } from '#lib/core/access/owner-labels'
import { type RoleBinding, type RoleRef, resourceRules, type Subject } from '#lib/core/rbac/cluster-objects'
import type { ClusterRights } from '#lib/core/rbac/cluster-rights'
import { canCreateNamespaces, canLabel } from '#lib/core/rbac/may-label'
import { isBuiltIn, subjectText } from './built-in.ts'
import type { KeyedFinding } from './keyed-finding.ts'
import { kubectlLine } from './kubectl-text.ts'
import { stored, storedKey } from './stored-text.ts'

const mostSubjects = 20

type Binding = { metadata: { namespace?: string; name: string }; roleRef: RoleRef; subjects?: Subject[] | null }

/** The subjects that may set this label. */
const setters = ({ setBy }: OwnerLabel): Set<string> =>
  new Set([
    ...setBy.users.map((name) => `User ${name}`),
    ...setBy.groups.map((name) => `Group ${name}`),
    ...setBy.serviceAccounts.map((name) => `ServiceAccount ${name}`),
  ])

/**
 * A finding for each binding that lets subjects set the label, who are not in `setBy`. NB: permissions that lead to these, such as
 * impersonation, are other findings.
 */
export function ownerLabelFindings(
  { objects }: ClusterRights,
  namespaces: readonly { name: string }[],
  { cluster, ownerLabels }: { cluster: string; ownerLabels: readonly OwnerLabel[] },
): KeyedFinding[] {
  const configured = ownerLabelsIn(ownerLabels, cluster).map((one) => ({ label: one.label, setters: setters(one) }))
  if (configured.length === 0) return []
  const roles = new Map(objects.roles.map(({ metadata, rules }) => [`${metadata.namespace}/${metadata.name}`, rules]))
  const clusterRoles = new Map(objects.clusterRoles.map(({ metadata, rules }) => [metadata.name, rules]))
  const rulesOf = ({ roleRef, metadata }: Binding) =>
    resourceRules(
      roleRef.kind === 'Role' ? roles.get(`${metadata.namespace}/${roleRef.name}`) : clusterRoles.get(roleRef.name),
    )
  const find = (kind: 'RoleBinding' | 'ClusterRoleBinding', binding: Binding): KeyedFinding[] => {
    const { metadata, roleRef, subjects } = binding
    const { namespace = '', name } = metadata
    const all = (subjects ?? []).map((subject) => subjectText(subject, namespace))
    return configured.flatMap(({ label, setters }) => {
      const others = all.filter((text) => !setters.has(text)).sort()
      if (others.length === 0) return []
      const at = { kind, namespace: stored(namespace), name: stored(name) }
      const role = { kind: stored(roleRef.kind), name: stored(roleRef.name) }
      return [
        {
          key: storedKey(`owner-label ${label} ${kind} ${namespace}/${name}`),
          digest: contentHash(['owner-label', label, JSON.stringify([others, roleRef])]),
          finding: {
            ...{ check: 'owner-label', severity: 'medium', binding: at, role, path: [] },
            ...{ subjects: others.slice(0, mostSubjects).map(stored) },
            moreSubjects: Math.max(0, others.length - mostSubjects),
            because: ['set labels of namespaces'],
            sentence: `The label ${label} of a namespace names those who approve access to it, and setBy of ownerLabels in postern.yaml does not name these subjects.`,
            fix: [
              kubectlLine('get', kind, at.name, at.namespace, ' --output yaml'),
              kubectlLine('edit', role.kind, role.name, role.kind === 'Role' ? at.namespace : ''),
              kubectlLine('delete', kind, at.name, at.namespace),
            ],
          },
        },
      ]
    })
  }
  const ofCluster = objects.clusterRoleBindings.filter((binding) => {
    const rules = rulesOf(binding)
    return canCreateNamespaces(rules) || namespaces.some(({ name }) => canLabel(rules, name))
  })
  const inNamespace = objects.roleBindings.filter((binding: RoleBinding) =>
    canLabel(rulesOf(binding), binding.metadata.namespace),
  )
  return [
    ...ofCluster.filter((one) => !isBuiltIn(one)).flatMap((one) => find('ClusterRoleBinding', one)),
    ...inNamespace.filter((one) => !isBuiltIn(one)).flatMap((one) => find('RoleBinding', one)),
  ]
}
