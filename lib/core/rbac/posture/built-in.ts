// The bindings that every cluster has. They are not findings, but only with exactly the subjects that Kubernetes gives them.
import type { RoleRef, Subject } from '#lib/core/rbac/cluster-objects'
import builtInRoles from '../builtin-roles.json' with { type: 'json' }

/** `k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy`: `Kind name`, or `ServiceAccount namespace/name`. */
const subjectsByBinding: Readonly<Record<string, readonly string[]>> = {
  'cluster-admin': ['Group system:masters'],
  'system:monitoring': ['Group system:monitoring'],
  'system:discovery': ['Group system:authenticated'],
  'system:basic-user': ['Group system:authenticated'],
  'system:public-info-viewer': ['Group system:authenticated', 'Group system:unauthenticated'],
  'system:node-proxier': ['User system:kube-proxy'],
  'system:kube-controller-manager': ['User system:kube-controller-manager'],
  'system:kube-dns': ['ServiceAccount kube-system/kube-dns'],
  'system:kube-scheduler': ['User system:kube-scheduler'],
  'system:volume-scheduler': ['User system:kube-scheduler'],
  'system:cluster-trust-bundle-discovery': ['Group system:serviceaccounts'],
  'system:service-account-issuer-discovery': ['Group system:serviceaccounts'],
  'kube-system/system::extension-apiserver-authentication-reader': [
    'User system:kube-controller-manager',
    'User system:kube-scheduler',
  ],
  'kube-system/system::leader-locking-kube-controller-manager': [
    'User system:kube-controller-manager',
    'ServiceAccount kube-system/kube-controller-manager',
    'ServiceAccount kube-system/leader-election-controller',
  ],
  'kube-system/system::leader-locking-kube-scheduler': [
    'User system:kube-scheduler',
    'ServiceAccount kube-system/kube-scheduler',
  ],
}

export const subjectText = ({ kind, name, namespace }: Subject, home: string): string =>
  kind === 'ServiceAccount' ? `ServiceAccount ${namespace || home}/${name}` : `${kind} ${name}`

type Binding = { metadata: { namespace?: string; name: string }; roleRef: RoleRef; subjects?: Subject[] | null }

/** NB: not every name of this form: anyone who may create a ClusterRole could hide theirs behind it. */
const isController = (namespace: string, name: string): boolean =>
  namespace === ''
    ? Object.hasOwn(builtInRoles.ClusterRole, name)
    : Object.hasOwn(builtInRoles.Role, `${namespace}/${name}`)

/** Does Kubernetes itself create this binding, with these subjects and this role? */
export function isBuiltIn({ metadata: { namespace = '', name }, roleRef, subjects }: Binding): boolean {
  const all = (subjects ?? []).map((subject) => subjectText(subject, namespace))
  const place = namespace ? `${namespace}/` : ''
  const of = /^system:controller:(.+)$/.exec(name)?.[1]
  if (of !== undefined) {
    return (
      isController(namespace, name) &&
      roleRef.name === name &&
      all.every((text) => text === `ServiceAccount kube-system/${of}`)
    )
  }
  const known = Object.hasOwn(subjectsByBinding, place + name) ? subjectsByBinding[place + name] : undefined
  if (!known) return false
  const isOwnRole =
    roleRef.name === name || (namespace === 'kube-system' && /^(system::leader-locking-|extension-)/.test(roleRef.name))
  return isOwnRole && all.every((text) => known.includes(text))
}
