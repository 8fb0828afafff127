/** The Kubernetes verb of a call (Kubernetes API concepts, "verbs"); `other` for calls that Postern does not make. */
export function verbOf(method: string, path: string): 'get' | 'list' | 'create' | 'delete' | 'other' {
  if (method === 'POST') return 'create'
  if (method === 'DELETE') return 'delete'
  if (method !== 'GET') return 'other'
  const [root, ...rest] = path.split('/').filter(Boolean)
  // /api/v1/… and /apis/group/version/…
  const target = rest.slice(root === 'apis' ? 2 : 1)
  const within = target[0] === 'namespaces' && target.length > 2 ? target.slice(2) : target
  return within.length === 1 ? 'list' : 'get'
}
