// The permission behind a path of the API server, as in `kubectl get --raw /api/v1/nodes`. Source: RequestInfoFactory in
// k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.
import type { NeededPermission } from './needed-permissions.ts'

type Target = Omit<NeededPermission, 'verb'>

/** Subresources of a namespace: all else behind its name is a resource in it. */
const ofNamespaces = new Set(['finalize', 'status'])

/** What a path addresses; null for a path such as `/healthz` that is not a resource. */
export function targetOfPath(path: string): Target | null {
  const [url = ''] = path.split(/[?#]/, 1)
  const [root, ...parts] = url.split('/').filter(Boolean)
  const group = root === 'apis' ? parts.shift() : ''
  // The version does not matter.
  const version = parts.shift()
  if ((root !== 'api' && root !== 'apis') || group === undefined || version === undefined) return null
  if (parts[0] === 'watch' || parts[0] === 'proxy') parts.shift()
  if (parts.length === 0) return null
  const isInside = parts[0] === 'namespaces' && parts.length > 2 && !ofNamespaces.has(parts[2] ?? '')
  const [resource = '', name = '', ...rest] = isInside ? parts.slice(2) : parts
  const namespace = parts[0] === 'namespaces' ? (parts[1] ?? null) : null
  return { group, resource, name, subresource: rest[0] ?? '', namespace }
}

/** The verb that the API server derives from the method. */
export function verbOfPath(command: string, path: string, { name }: Target): string {
  if (command === 'create') return 'create'
  if (command === 'replace') return 'update'
  if (command === 'delete') return name === '' ? 'deletecollection' : 'delete'
  const isWatch = /[?&]watch=(?:true|1)/.test(path) || /^\/apis?\/(?:[^/]+\/){1,2}watch\//.test(path)
  return isWatch ? 'watch' : name === '' ? 'list' : 'get'
}
