/** Is this a group of Kubernetes itself? The names of other groups may be confidential. */
const isKubernetes = (group: string) => group.endsWith('.k8s.io')

/**
 * The path of an API call without the names in it (OpenTelemetry's `url.template`). A path that Postern never calls
 * becomes `/{path}` as a whole.
 */
export function urlTemplateOf(path: string): string {
  const [root = '', ...rest] = path.split('/').filter(Boolean)
  if (rest.length === 0) return ['version', 'api', 'apis'].includes(root) ? `/${root}` : '/{path}'
  const [group = '', version = '', ...target] = root === 'apis' ? rest : ['', ...rest]
  if (root === 'apis' ? !isKubernetes(group) : root !== 'api') return '/{path}'
  const isWithin = target[0] === 'namespaces' && target.length > 2
  const [resource, name, subresource, ...more] = isWithin ? target.slice(2) : target
  if (more.length > 0) return '/{path}'
  const place = root === 'apis' ? ['apis', group, version] : ['api', version]
  const within = isWithin ? ['namespaces', '{namespace}'] : []
  const named = [resource, name === undefined ? undefined : '{name}', subresource]
  return `/${[...place, ...within, ...named.filter((part) => part !== undefined)].join('/')}`
}
