import { isReservedGroup } from '#lib/core/access/on-call'

/** The user name and groups of a caller, as the API server's authenticators determine them. */
export type ClusterIdentity = { user: string; groups: readonly string[] }

/**
 * A person's identity for the API server's authorizers, which adds `system:authenticated` to every authenticated user.
 * Source: `AuthenticatedGroupAdder` in k8s.io/apiserver/pkg/authentication/group.
 */
export function personIdentity(user: string, groups: readonly string[]): ClusterIdentity {
  const isComplete = groups.includes('system:authenticated') || groups.includes('system:unauthenticated')
  return { user, groups: isComplete || user === 'system:anonymous' ? [...groups] : [...groups, 'system:authenticated'] }
}

export const serviceAccountUser = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`

/** The user name and groups of a ServiceAccount's token. */
export const serviceAccountIdentity = (namespace: string, name: string): ClusterIdentity =>
  personIdentity(serviceAccountUser(namespace, name), ['system:serviceaccounts', `system:serviceaccounts:${namespace}`])

/** How a cluster's authenticator turns the claims of the identity provider into user names and groups. */
export type PeopleMapping = { username: 'email' | 'subject'; usernamePrefix: string; groupsPrefix: string }

type Claims = { subject: string; email: string | null; emailVerified: boolean; groups: readonly string[] }

/**
 * The person's identity in the cluster; null where it has none. An API server that uses the e-mail address as the user name
 * rejects an unverified one (`email_verified` in k8s.io/apiserver/plugin/pkg/authenticator/token/oidc).
 */
export function identityIn({ username, usernamePrefix, groupsPrefix }: PeopleMapping, person: Claims) {
  const name = username === 'subject' ? person.subject : person.emailVerified ? person.email : null
  if (!name) return null
  return personIdentity(
    usernamePrefix + name,
    person.groups.filter((group) => !isReservedGroup(group)).map((group) => groupsPrefix + group),
  )
}
