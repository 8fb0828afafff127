// Which objects are a grant, exactly?
import { stringify } from 'yaml'
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { annotations, instanceOf, labels, managedBy, objectName } from './names.ts'

type Metadata = {
  name: string
  namespace: string
  labels: Record<string, string>
  annotations: Record<string, string>
}
type RoleRef = { apiGroup: 'rbac.authorization.k8s.io'; kind: 'Role' | 'ClusterRole'; name: string }
type Subject = { kind: 'ServiceAccount'; name: string; namespace: string }

export type ServiceAccountManifest = {
  apiVersion: 'v1'
  kind: 'ServiceAccount'
  metadata: Metadata
  automountServiceAccountToken: false
}
export type RoleManifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1'
  kind: 'Role'
  metadata: Metadata
  rules: Rule[]
}
export type RoleBindingManifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1'
  kind: 'RoleBinding'
  metadata: Metadata
  roleRef: RoleRef
  subjects: Subject[]
}
export type Manifest = ServiceAccountManifest | RoleManifest | RoleBindingManifest

export const objectKinds = ['ServiceAccount', 'Role', 'RoleBinding'] as const
export type ObjectKind = (typeof objectKinds)[number]
/** Which object, without what is in it. */
export type ObjectKey = { kind: ObjectKind; namespace: string; name: string }

export type GrantFacts = {
  grantId: string
  namespaces: readonly string[]
  rules: readonly Rule[]
  /** The vetted ClusterRole that carries the rules; null where the grant gets Roles of its own. */
  clusterRole: string | null
  requester: { email: string | null; subject: string }
  /** The page of the request; its host also says which Postern this is. */
  requestUrl: string
  /** When the cluster may forget it at the latest; null where that is not known yet (a preview). */
  expiresAt: Date | null
}

/**
 * Text from outside as an annotation's value: one line of printable characters, at most 256. Kubernetes would take
 * more; what reads annotations (terminals, dashboards) is not prepared for it.
 */
export const annotationText = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '')
    .trim()
    .slice(0, 256)

/**
 * Every object of a grant: one ServiceAccount in `postern-grants`, and in each namespace a Role with exactly the rules
 * and a RoleBinding, or a RoleBinding to the vetted ClusterRole alone. The same facts always give the same objects.
 */
export function grantObjects(facts: GrantFacts): Manifest[] {
  const name = objectName(facts.grantId)
  const metadata = (namespace: string): Metadata => ({
    name,
    namespace,
    labels: {
      [labels.managedBy]: managedBy,
      [labels.instance]: instanceOf(facts.requestUrl),
      [labels.grant]: facts.grantId,
    },
    annotations: {
      [annotations.requester]: annotationText(facts.requester.email ?? facts.requester.subject),
      [annotations.requestUrl]: annotationText(facts.requestUrl),
      ...(facts.expiresAt ? { [annotations.expiresAt]: facts.expiresAt.toISOString() } : {}),
    },
  })
  const account: ServiceAccountManifest = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(grantsNamespace),
    automountServiceAccountToken: false,
  }
  const rules = normalizeRules(facts.rules)
  const perNamespace = [...new Set(facts.namespaces)].sort().flatMap((namespace): Manifest[] => {
    const role: RoleManifest = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: metadata(namespace),
      rules,
    }
    const binding: RoleBindingManifest = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: metadata(namespace),
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: facts.clusterRole ? 'ClusterRole' : 'Role',
        name: facts.clusterRole ?? name,
      },
      subjects: [{ kind: 'ServiceAccount', name, namespace: grantsNamespace }],
    }
    return facts.clusterRole ? [binding] : [role, binding]
  })
  return [account, ...perNamespace]
}

export const keyOf = ({ kind, metadata: { namespace, name } }: Manifest): ObjectKey => ({ kind, namespace, name })

/** One text for one object, for sets and messages: `Role payments/postern-…`. */
export const keyText = ({ kind, namespace, name }: ObjectKey): string => `${kind} ${namespace}/${name}`

/** The objects as the YAML that `kubectl apply -f -` would take. */
export const asYaml = (manifests: readonly Manifest[]): string =>
  manifests.map((manifest) => stringify(manifest, { aliasDuplicateObjects: false, lineWidth: 0 })).join('---\n')
