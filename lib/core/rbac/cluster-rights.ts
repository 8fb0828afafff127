// What was read of a cluster to say who may do what there, arranged so that one person's part of it is found at once.
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

/** `resource` with its subresource: `pods`, `pods/log`. */
export type ServedResource = { group: string; resource: string; namespaced: boolean; verbs: string[] }

export type ClusterRights = {
  objects: ClusterObjects
  /** What the cluster serves; null where it did not say. */
  served: { resources: ServedResource[]; unsureGroups: string[] } | null
  /** The names of the ServiceAccounts of each namespace; null where they may not be read. */
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

/** A cluster's rights with their indexes: made once for each content, and shared by everybody who asks. */
export type IndexedRights = {
  /** The bindings that mean this identity, and the roles that they name: all that `effectiveRules` looks at for it. */
  objectsOf(identity: ClusterIdentity): ClusterObjects
  served: ClusterRights['served']
  /** As `unknownResources` wants it: null where it is not known. */
  knownResources: ReadonlySet<string> | null
  serviceAccountsIn(namespace: string): readonly string[]
}

/** As `pods`, `pods/log`, `deployments.apps`, `deployments.apps/scale`. */
function resourceKey({ group, resource }: ServedResource): string {
  const [name = '', ...sub] = resource.split('/')
  return [group === '' ? name : `${name}.${group}`, ...sub].join('/')
}

/** NB: a map, because names come from a cluster, and one of them may be `__proto__`. */
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
    knownResources: served && new Set(served.resources.map(resourceKey)),
    serviceAccountsIn: (namespace) => names.get(namespace) ?? [],
  }
}

/** The rules about resources that hold for somebody in a namespace, cluster-wide ones included; `''` is the cluster. */
export const rulesIn = (objects: ClusterObjects, identity: ClusterIdentity, namespace: string): Rule[] =>
  resourceRules(effectiveRules(objects, identity, namespace).rules.map(({ rule }) => rule))
