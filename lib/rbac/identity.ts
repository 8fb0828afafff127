/** Whom the API server takes a caller for: what its authenticators say, before any authorizer is asked. */
export type ClusterIdentity = { user: string; groups: readonly string[] }

/**
 * A person as the server's authorizers see them: it adds `system:authenticated` to whoever signed in. Source:
 * `AuthenticatedGroupAdder` in k8s.io/apiserver/pkg/authentication/group.
 */
export function personIdentity(user: string, groups: readonly string[]): ClusterIdentity {
  const isPlaced = groups.includes('system:authenticated') || groups.includes('system:unauthenticated')
  return { user, groups: isPlaced || user === 'system:anonymous' ? [...groups] : [...groups, 'system:authenticated'] }
}

export const serviceAccountUser = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`

/** A ServiceAccount with a token: its user name and the groups that come with it. */
export const serviceAccountIdentity = (namespace: string, name: string): ClusterIdentity =>
  personIdentity(serviceAccountUser(namespace, name), ['system:serviceaccounts', `system:serviceaccounts:${namespace}`])
