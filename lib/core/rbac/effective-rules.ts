// The rules that apply to an identity, each with the binding and role that it comes from.
import type {
  ClusterObjects,
  ClusterRoleBinding,
  PolicyRule,
  RoleBinding,
  RoleRef,
  Subject,
} from './cluster-objects.ts'
import { type ClusterIdentity, serviceAccountUser } from './identity.ts'

/** A binding and its role: the links between a person and a rule. The namespace is null for a ClusterRoleBinding. */
export type Chain = { binding: { namespace: string | null; name: string }; role: RoleRef }

export type EffectiveRules = {
  rules: { rule: PolicyRule; chain: Chain }[]
  /** Bindings to a role that does not exist. They grant nothing until someone creates the role. */
  dangling: Chain[]
}

/**
 * Does a binding's subject match this identity? NB: like the authorizer, this ignores the subject's API group, so a User
 * named `system:serviceaccount:ns:name` matches that ServiceAccount, and `*` matches no one. A ServiceAccount without a
 * namespace is in that of the binding. Source: `appliesToUser` in pkg/registry/rbac/validation/rule.go.
 */
function appliesTo(subject: Subject, { user, groups }: ClusterIdentity, bindingNamespace: string | null): boolean {
  if (subject.kind === 'User') return subject.name === user
  if (subject.kind === 'Group') return groups.includes(subject.name)
  if (subject.kind !== 'ServiceAccount') return false
  const namespace = subject.namespace || bindingNamespace
  return Boolean(namespace) && user === serviceAccountUser(namespace ?? '', subject.name)
}

/** Finds the rules of a role reference by an index, so that each binding costs one look-up. */
function roleFinder({ roles, clusterRoles }: ClusterObjects) {
  const namespaced = new Map(
    roles.map(({ metadata, rules }) => [`${metadata.namespace}/${metadata.name}`, rules ?? []]),
  )
  const ofCluster = new Map(clusterRoles.map(({ metadata, rules }) => [metadata.name, rules ?? []]))
  return ({ kind, name }: RoleRef, namespace: string | null): PolicyRule[] | undefined => {
    if (kind === 'ClusterRole') return ofCluster.get(name)
    return kind === 'Role' && namespace !== null ? namespaced.get(`${namespace}/${name}`) : undefined
  }
}

/**
 * All rules that apply to an identity in a namespace, or cluster-wide where `namespace` is empty: those of every
 * ClusterRoleBinding, then those of the namespace's RoleBindings. NB: ClusterRoles from files must be aggregated first
 * (`aggregate`); a cluster has done that already. Source: `VisitRulesFor` in pkg/registry/rbac/validation/rule.go of
 * kubernetes/kubernetes.
 */
export function effectiveRules(objects: ClusterObjects, identity: ClusterIdentity, namespace: string): EffectiveRules {
  const find = roleFinder(objects)
  const found: EffectiveRules = { rules: [], dangling: [] }
  const visit = (binding: ClusterRoleBinding | RoleBinding, bindingNamespace: string | null) => {
    if (!binding.subjects?.some((subject) => appliesTo(subject, identity, bindingNamespace))) return
    const { kind, name } = binding.roleRef
    const chain = { binding: { namespace: bindingNamespace, name: binding.metadata.name }, role: { kind, name } }
    const rules = find(binding.roleRef, bindingNamespace)
    if (rules) found.rules.push(...rules.map((rule) => ({ rule, chain })))
    else found.dangling.push(chain)
  }
  for (const binding of objects.clusterRoleBindings) visit(binding, null)
  for (const binding of namespace ? objects.roleBindings : []) {
    if (binding.metadata.namespace === namespace) visit(binding, namespace)
  }
  return found
}
