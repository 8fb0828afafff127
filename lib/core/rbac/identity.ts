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

/** How a cluster knows the people whom the identity provider knows: what its authenticator makes of their claims. */
export type PeopleMapping = { username: 'email' | 'subject'; usernamePrefix: string; groupsPrefix: string }

type Claims = { subject: string; email: string | null; emailVerified: boolean; groups: readonly string[] }

/**
 * Whom the cluster takes this person for; null where it would not know them: an API server that takes the e-mail for
 * the name refuses one that was not verified (`email_verified` in k8s.io/apiserver/plugin/pkg/authenticator/token/oidc).
 */
export function identityIn({ username, usernamePrefix, groupsPrefix }: PeopleMapping, person: Claims) {
  const name = username === 'subject' ? person.subject : person.emailVerified ? person.email : null
  if (!name) return null
  return personIdentity(
    usernamePrefix + name,
    person.groups.map((group) => groupsPrefix + group),
  )
}
