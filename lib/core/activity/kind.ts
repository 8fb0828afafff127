// What a call is about, which decides whether it is kept in full or only counted.
import type { CallKind } from '#lib/core/access/activity-resource'
import { protectedNamespaces } from '#lib/core/access/namespaces'
import { grantOfAccount } from './grant-account.ts'

/** `received`: answered later. `other`: only counted. */
export type Kind = CallKind | 'received' | 'other'

export const isKept = (kind: Kind): kind is CallKind => kind !== 'received' && kind !== 'other'

type Resource = { group: string; resource: string; subresource: string; namespace: string; name: string }

type ObjectRef = { apiGroup: string; resource: string; subresource: string; namespace: string; name: string }

export const calledResource = (ref: ObjectRef | null | undefined): Resource => ({
  group: ref?.apiGroup ?? '',
  resource: ref?.resource ?? '',
  subresource: ref?.subresource ?? '',
  namespace: ref?.namespace ?? '',
  name: ref?.name ?? '',
})

const changes: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

const anonymous = 'system:anonymous'

const components: ReadonlySet<string> = new Set([
  ...['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler', 'system:kube-proxy'],
  'system:cloud-controller-manager',
])

/** The control plane and nodes read secrets all the time. NB: not all of `system:`: `system:admin` of some distributions is a person. */
const isClusterComponent = (account: string): boolean =>
  components.has(account) ||
  account.startsWith('system:node:') ||
  account.startsWith('system:serviceaccount:kube-system:')

/** Probes that anyone may send, and that load balancers send all day. */
const probes = ['/healthz', '/livez', '/readyz', '/version']

const isProbe = (path: string) => probes.some((probe) => path === probe || path.startsWith(`${probe}/`))

type Called = Resource & {
  verb: string
  account: string
  impersonated: string | null
  code: number | null
  path: string
}

export function kindOf(call: Called): Kind {
  const { group, resource, subresource, namespace, verb, account, impersonated, code, path } = call
  if (code === 401) return 'authentication'
  if (account === anonymous || account === '') return isProbe(path) ? 'other' : 'authentication'
  const isChange = changes.has(verb)
  if (isChange && group === 'rbac.authorization.k8s.io') return 'rbac'
  if (isChange && group === 'admissionregistration.k8s.io') return 'admission'
  if (isChange && (subresource === 'token' || group === 'certificates.k8s.io')) return 'token'
  if (group === '' && resource === 'secrets' && !isClusterComponent(account)) return 'secret'
  if (grantOfAccount(account) ?? grantOfAccount(impersonated ?? '')) return 'grant'
  if (isChange && protectedNamespaces.includes(namespace)) return 'postern'
  return 'other'
}
