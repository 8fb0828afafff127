// Who can choose the labels of a namespace?
import type { Rule } from '#lib/core/access/rule'
import { allows } from './allows.ts'
import { type IndexedRights, rulesIn } from './cluster-rights.ts'
import type { ClusterIdentity } from './identity.ts'

// The API server also takes labels from updates of a namespace's status and of its finalizers.
const writes = [
  ['update', ''],
  ['patch', ''],
  ['update', 'status'],
  ['patch', 'status'],
  ['update', 'finalize'],
  ['patch', 'finalize'],
] as const

/** Could someone with these rules in the namespace set its labels? */
export const canLabel = (rules: readonly Rule[], namespace: string): boolean =>
  writes.some(([verb, subresource]) =>
    allows(rules, { namespace, verb, group: '', resource: 'namespaces', subresource, name: namespace }),
  )

/** Could someone with these rules in the whole cluster create namespaces, with any labels? */
export const canCreateNamespaces = (rules: readonly Rule[]): boolean =>
  allows(rules, { namespace: '', verb: 'create', group: '', resource: 'namespaces', subresource: '', name: '' })

/** Can this identity set the labels of the namespace, or create it again with other labels? */
export function mayLabel(rights: IndexedRights, identity: ClusterIdentity, namespace: string): boolean {
  const objects = rights.objectsOf(identity)
  return (
    canLabel(rulesIn(objects, identity, namespace), namespace) || canCreateNamespaces(rulesIn(objects, identity, ''))
  )
}
