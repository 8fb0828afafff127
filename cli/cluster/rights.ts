import type { KubernetesObject, Rule } from './objects.ts'

/** One permission, as a SelfSubjectAccessReview asks for it. */
export type Permission =
  | { verb: string; group: string; resource: string; subresource: string; name: string; namespace: string }
  | { verb: string; path: string }

function permissionsOf({ verbs, apiGroups = [], resources = [], resourceNames = [''], nonResourceURLs = [] }: Rule) {
  return (namespace: string): Permission[] => [
    ...nonResourceURLs.flatMap((path) => verbs.map((verb) => ({ verb, path }))),
    ...apiGroups.flatMap((group) =>
      resources.flatMap((full) => {
        const [resource = '', subresource = ''] = full.split('/')
        return resourceNames.flatMap((name) =>
          verbs.map((verb) => ({ verb, group, resource, subresource, name, namespace })),
        )
      }),
    ),
  ]
}

/** The permissions that bindings to these roles grant, each in the namespace of its binding. */
export function grantedBy(objects: readonly KubernetesObject[]): Permission[] {
  return objects.flatMap(({ roleRef, metadata }) => {
    if (!roleRef) return []
    const role = objects.find(
      ({ kind, metadata: own }) =>
        kind === roleRef.kind &&
        own.name === roleRef.name &&
        (kind === 'ClusterRole' || own.namespace === metadata.namespace),
    )
    return (role?.rules ?? []).flatMap((rule) => permissionsOf(rule)(metadata.namespace ?? ''))
  })
}

/** `create serviceaccounts/token in postern-grants` */
export function inWords(permission: Permission): string {
  if ('path' in permission) return `${permission.verb} ${permission.path}`
  const { verb, group, resource, subresource, name, namespace } = permission
  const what = `${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}${name ? ` ${name}` : ''}`
  return `${verb} ${what}${namespace ? ` in ${namespace}` : ''}`
}

/** The same as an access review, for `kubectl create`. */
export function asReview(permission: Permission): object {
  const spec = 'path' in permission ? { nonResourceAttributes: permission } : { resourceAttributes: permission }
  return { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec }
}
