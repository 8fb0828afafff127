// A cluster's RBAC objects with indexes, so that the part that concerns one identity is found without a search.
import type { Rule } from '#lib/core/access/rule'
import {
  type ClusterObjects,
  type ClusterRole,
  type ClusterRoleBinding,
  type Role,
  type RoleBinding,
  resourceRules,
  type Subject,
} from './cluster-objects.ts'
import { effectiveRules } from './effective-rules.ts'
import { type ClusterIdentity, serviceAccountUser } from './identity.ts'
import { resourceKey } from './resource-name.ts'

/** `resource` includes the subresource: `pods`, `pods/log`. */
export type ServedResource = {
  group: string
  resource: string
  namespaced: boolean
  verbs: string[]
  /** The other names under which kubectl finds it. Absent for subresources, and where an older version read the cluster. */
  kind?: string
  shortNames?: string[]
  categories?: string[]
}

export type ClusterRights = {
  objects: ClusterObjects
  /** The resources that the cluster serves; null where they are unknown. */
  served: { resources: ServedResource[]; unsureGroups: string[] } | null
  /** The names of the ServiceAccounts in each namespace; null where Postern may not read them. */
  serviceAccounts: Record<string, string[]> | null
}

const userKey = (name: string) => `u ${name}`
const groupKey = (name: string) => `g ${name}`

function keyOf({ kind, name, namespace }: Subject, bindingNamespace: string | null): string | null {
  if (kind === 'User') return userKey(name)
  if (kind === 'Group') return groupKey(name)
  const home = namespace || bindingNamespace
  return kind === 'ServiceAccount' && home ? userKey(serviceAccountUser(home, name)) : null
}

function bySubject<B extends RoleBinding | ClusterRoleBinding>(
  bindings: readonly B[],
  namespaceOf: (binding: B) => string | null,
) {
  const found = new Map<string, B[]>()
  for (const binding of bindings) {
    for (const subject of binding.subjects ?? []) {
      const key = keyOf(subject, namespaceOf(binding))
      if (key === null) continue
      const known = found.get(key)
      if (known) known.push(binding)
      else found.set(key, [binding])
    }
  }
  return ({ user, groups }: ClusterIdentity): B[] => [
    ...new Set([userKey(user), ...groups.map(groupKey)].flatMap((key) => found.get(key) ?? [])),
  ]
}

/** A cluster's rights with their indexes, built once for each content. */
export type IndexedRights = {
  /** The bindings of this identity and their roles: everything that `effectiveRules` reads for it. */
  objectsOf(identity: ClusterIdentity): ClusterObjects
  served: ClusterRights['served']
  /** For `unknownResources`; null where the resources are unknown. */
  knownResources: ReadonlySet<string> | null
  serviceAccountsIn(namespace: string): readonly string[]
}

/** NB: a Map, because a cluster may have a namespace with a name such as `__proto__`. */
const namesOf = (serviceAccounts: ClusterRights['serviceAccounts']) => new Map(Object.entries(serviceAccounts ?? {}))

export function indexRights({ objects, served, serviceAccounts }: ClusterRights): IndexedRights {
  const roles = new Map<string, Role>(
    objects.roles.map((role) => [`${role.metadata.namespace}/${role.metadata.name}`, role]),
  )
  const clusterRoles = new Map<string, ClusterRole>(objects.clusterRoles.map((role) => [role.metadata.name, role]))
  const roleBindings = bySubject(objects.roleBindings, ({ metadata }) => metadata.namespace)
  const clusterRoleBindings = bySubject(objects.clusterRoleBindings, () => null)
  const names = namesOf(serviceAccounts)
  return {
    objectsOf(identity) {
      const own = { roleBindings: roleBindings(identity), clusterRoleBindings: clusterRoleBindings(identity) }
      const refs = [...own.clusterRoleBindings, ...own.roleBindings].map(({ roleRef }) => roleRef)
      const ofCluster = refs.flatMap(({ kind, name }) => (kind === 'ClusterRole' ? (clusterRoles.get(name) ?? []) : []))
      const ofNamespace = own.roleBindings.flatMap(({ metadata, roleRef }) =>
        roleRef.kind === 'Role' ? (roles.get(`${metadata.namespace}/${roleRef.name}`) ?? []) : [],
      )
      return { ...own, roles: [...new Set(ofNamespace)], clusterRoles: [...new Set(ofCluster)] }
    },
    served,
    knownResources: served && new Set(served.resources.map(({ group, resource }) => resourceKey(group, resource))),
    serviceAccountsIn: (namespace) => names.get(namespace) ?? [],
  }
}

/** The resource rules of an identity in a namespace, including cluster-wide ones. `''` means cluster-wide ones only. */
export const rulesIn = (objects: ClusterObjects, identity: ClusterIdentity, namespace: string): Rule[] =>
  resourceRules(effectiveRules(objects, identity, namespace).rules.map(({ rule }) => rule))
