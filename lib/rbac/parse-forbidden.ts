// What did the API server refuse? Reads the sentence of its 403 answer, as kubectl prints it and people paste it
// (k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go, `forbiddenMessage`).

/** The attributes of the refused call; '' where the sentence names none. `namespace` is null at the cluster scope. */
export type Forbidden = {
  user: string
  verb: string
  group: string
  resource: string
  subresource: string
  name: string
  namespace: string | null
}

// Every quantifier is bounded and the pieces cannot match one another's text, so hostile input costs linear time.
const quoted = String.raw`"((?:[^"\\]|\\.){0,512})"`
const sentence = new RegExp(
  String.raw`User ${quoted} cannot ([a-z*:-]{1,63}) resource ${quoted} in API group ${quoted} (?:in the namespace ${quoted}|at the cluster scope)`,
)
const object = new RegExp(String.raw`([a-z0-9.-]{1,253}) ${quoted} is forbidden: User `)

/**
 * The refused call in a pasted text, or undefined where there is no such sentence. The text is not to be trusted:
 * what comes out only fills a form that is judged like any other.
 */
export function parseForbidden(text: string): Forbidden | undefined {
  const head = text.slice(0, 8192)
  const found = sentence.exec(head)
  if (!found) return undefined
  const [, user = '', verb = '', path = '', group = '', namespace] = found
  const [resource = '', subresource = ''] = path.split('/', 2)
  return {
    user,
    verb,
    group,
    resource,
    subresource,
    name: object.exec(head)?.[2] ?? '',
    namespace: namespace ?? null,
  }
}
