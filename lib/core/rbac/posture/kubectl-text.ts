/** A name for a command line. Kubernetes allows almost any character in the names of roles and bindings. */
export const quoted = (text: string): string =>
  /^[\w.:@/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

/** An object as kubectl names it, such as `rolebinding/team --namespace payments`. */
export function objectArguments(kind: string, name: string, namespace: string): string {
  const place = namespace ? ` --namespace ${quoted(namespace)}` : ''
  return `${quoted(`${kind.toLowerCase()}/${name}`)}${place}`
}
