// The RBAC objects of a manifest, with the place of everything that a finding may point to.
import type { ClusterRole } from '#lib/core/rbac/cluster-objects'
import type { Range } from './source.ts'
import type { Text } from './yaml-nodes.ts'

export type PlacedRule = {
  verbs: Text[]
  apiGroups: Text[]
  resources: Text[]
  resourceNames: Text[]
  nonResourceURLs: Text[]
  range: Range
}

type Common = {
  name: string
  /** Null for cluster-scoped objects, and if the manifest does not specify one. */
  namespace: string | null
  annotations: Map<string, Text>
  labels: Map<string, Text>
  /** Its name. */
  at: Range
  /** The whole object. */
  range: Range
}

export type PlacedRole = Common & {
  kind: 'Role' | 'ClusterRole'
  rules: PlacedRule[]
  /** Selects the ClusterRoles whose rules it has. */
  aggregationRule: ClusterRole['aggregationRule']
}

export type PlacedSubject = { kind: string; name: string; namespace: string | null; range: Range }

export type PlacedBinding = Common & {
  kind: 'RoleBinding' | 'ClusterRoleBinding'
  roleRef: { kind: string; name: string; range: Range }
  subjects: PlacedSubject[]
}

export type PlacedObject = PlacedRole | PlacedBinding

const rbacKinds = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'] as const
export type RbacKind = (typeof rbacKinds)[number]

export const isRbacKind = (text: string): text is RbacKind => (rbacKinds as readonly string[]).includes(text)

/** The two APIs that have these kinds. In OpenShift, an object of one of them is also an object of the other. */
export type RbacApi = 'kubernetes' | 'openshift'

const apis: Readonly<Record<string, RbacApi>> = {
  'rbac.authorization.k8s.io': 'kubernetes',
  'authorization.openshift.io': 'openshift',
  // The version of OpenShift 3, which `oc` still accepts for these kinds.
  v1: 'openshift',
}

/** The API of an `apiVersion`; null if it does not have these kinds. */
export const rbacApiOf = (apiVersion: string): RbacApi | null => apis[apiVersion.split('/')[0] ?? ''] ?? null
