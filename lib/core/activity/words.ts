// How a call reads on a page.

type Called = {
  verb: string
  group: string
  resource: string
  subresource: string
  name: string
  path: string
}

/** `get secrets key`, `create pods/exec api`, `patch deployments.apps api`, or `get /healthz`. */
export function calledText({ verb, group, resource, subresource, name, path }: Called): string {
  if (resource === '') return `${verb} ${path}`
  return `${verb} ${resource}${group && `.${group}`}${subresource && `/${subresource}`}${name && ` ${name}`}`
}

/** The HTTP status with its meaning. */
export function responseText(code: number | null): string {
  if (code === null) return 'none yet'
  if (code === 401) return '401, not identified'
  if (code === 403) return '403, refused'
  if (code >= 500) return `${code}, failed`
  return String(code)
}
