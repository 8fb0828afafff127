// What may this identity do, and which binding and role say so?
import type {
  ClusterObjects,
  ClusterRoleBinding,
  PolicyRule,
  RoleBinding,
  RoleRef,
  Subject,
} from './cluster-objects.ts'
import { type ClusterIdentity, serviceAccountUser } from './identity.ts'

/** A binding and the role it names, as links of the chain from a person to a rule; namespace null is the cluster. */
export type Chain = { binding: { namespace: string | null; name: string }; role: RoleRef }

export type EffectiveRules = {
  rules: { rule: PolicyRule; chain: Chain }[]
  /** Bindings to a role that is not there: they give nothing until somebody makes it. */
  dangling: Chain[]
}

/**
 * Does a binding's subject mean this identity? NB: as the authorizer does, nothing looks at the subject's API group, so
 * a User named `system:serviceaccount:ns:name` means that ServiceAccount, and `*` means nobody. A ServiceAccount without
 * a namespace is in that of the binding. Source: `appliesToUser` in pkg/registry/rbac/validation/rule.go.
 */
function means(subject: Subject, { user, groups }: ClusterIdentity, bindingNamespace: string | null): boolean {
  if (subject.kind === 'User') return subject.name === user
  if (subject.kind === 'Group') return groups.includes(subject.name)
  if (subject.kind !== 'ServiceAccount') return false
  const namespace = subject.namespace || bindingNamespace
  return Boolean(namespace) && user === serviceAccountUser(namespace ?? '', subject.name)
}

/** Resolves the bindings of one identity against a cluster's objects; reading many questions costs one look-up each. */
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
 * All rules that hold for an identity in a namespace, or cluster-wide where `namespace` is empty: those of every
 * ClusterRoleBinding, then those of the namespace's RoleBindings. ClusterRoles count by the rules they carry; whoever
 * reads files and not a cluster has to aggregate them first (`aggregate`). Source: `VisitRulesFor` in
 * pkg/registry/rbac/validation/rule.go of kubernetes/kubernetes.
 */
export function effectiveRules(objects: ClusterObjects, identity: ClusterIdentity, namespace: string): EffectiveRules {
  const find = roleFinder(objects)
  const found: EffectiveRules = { rules: [], dangling: [] }
  const visit = (binding: ClusterRoleBinding | RoleBinding, bindingNamespace: string | null) => {
    if (!binding.subjects?.some((subject) => means(subject, identity, bindingNamespace))) return
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
