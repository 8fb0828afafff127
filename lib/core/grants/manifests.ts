// The desired objects of a grant.
import { stringify } from 'yaml'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import { vouchedUserName } from '#lib/core/access/vouched-user'
import { annotations, instanceOf, labels, managedBy, objectName, type SubjectKind } from './names.ts'

type Metadata = {
  name: string
  namespace: string
  labels: Record<string, string>
  annotations: Record<string, string>
}
type RoleRef = { apiGroup: 'rbac.authorization.k8s.io'; kind: 'Role' | 'ClusterRole'; name: string }
type Subject =
  | { kind: 'ServiceAccount'; name: string; namespace: string }
  | { kind: 'User'; apiGroup: 'rbac.authorization.k8s.io'; name: string }

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
/** Identifies an object, without its content. */
export type ObjectKey = { kind: ObjectKind; namespace: string; name: string }

export type GrantFacts = {
  grantId: string
  subject: SubjectKind
  namespaces: readonly string[]
  rules: readonly Rule[]
  /** The vetted ClusterRole to bind; null if the grant has its own Roles. */
  clusterRole: string | null
  requester: { email: string | null; subject: string }
  /** The page of the request. Its host also identifies this installation. */
  requestUrl: string
  /** The digest of the approved terms; null if that is not known yet (a preview). */
  digest: string | null
  /** When the access expires; null if that is not known yet (a preview). */
  expiresAt: Date | null
}

/**
 * Untrusted text as the value of an annotation: one line of at most 256 printable characters. Kubernetes would accept
 * more, but terminals and dashboards that show annotations do not expect it.
 */
export const annotationText = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '')
    .trim()
    .slice(0, 256)

/**
 * One ServiceAccount in `postern-grants`, unless Postern vouches for the user; in each namespace a Role with exactly the approved rules and a RoleBinding,
 * or only a RoleBinding to the vetted ClusterRole. The same facts always yield the same objects.
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
      ...(facts.digest ? { [annotations.digest]: facts.digest } : {}),
      ...(facts.expiresAt ? { [annotations.expiresAt]: facts.expiresAt.toISOString() } : {}),
    },
  })
  const account: ServiceAccountManifest = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(grantsNamespace),
    automountServiceAccountToken: false,
  }
  const subject: Subject =
    facts.subject === 'User'
      ? { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: vouchedUserName(facts.grantId) }
      : { kind: 'ServiceAccount', name, namespace: grantsNamespace }
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
      subjects: [subject],
    }
    return facts.clusterRole ? [binding] : [role, binding]
  })
  return facts.subject === 'User' ? perNamespace : [account, ...perNamespace]
}

export const keyOf = ({ kind, metadata: { namespace, name } }: Manifest): ObjectKey => ({ kind, namespace, name })

/** The objects of a grant, without their content. Nothing but these facts decides which ones there are. */
export function objectKeys(facts: Pick<GrantFacts, 'grantId' | 'subject' | 'namespaces' | 'clusterRole'>): ObjectKey[] {
  const content = {
    rules: [],
    requester: { email: null, subject: '' },
    requestUrl: 'https://postern.invalid',
    digest: null,
    expiresAt: null,
  }
  return grantObjects({ ...facts, ...content }).map(keyOf)
}

/** An object as text, for sets and messages: `Role payments/postern-…`. */
export const keyText = ({ kind, namespace, name }: ObjectKey): string => `${kind} ${namespace}/${name}`

const yamlOf = (value: object) => stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })

/** The objects as YAML for `kubectl apply -f -`. The Roles of a grant have the same rules, which are written once. */
export function asYaml(manifests: readonly Manifest[]): string {
  const known = new Map<readonly Rule[], string>()
  const rulesOf = (rules: readonly Rule[]) => {
    const text = known.get(rules) ?? yamlOf({ rules })
    known.set(rules, text)
    return text
  }
  const textOf = (manifest: Manifest) => {
    if (manifest.kind !== 'Role') return yamlOf(manifest)
    const { rules, ...rest } = manifest
    return yamlOf(rest) + rulesOf(rules)
  }
  return manifests.map(textOf).join('---\n')
}
