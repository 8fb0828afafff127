import { credentialIdKey } from '#lib/core/access/vouched-user'
import type { Attributes } from '#lib/core/rbac/attributes'
import { type ClusterClient, clientWithToken } from './client.ts'
import { ClusterError, shownText } from './errors.ts'
import type { ClusterAccess } from './kubeconfig.ts'
import { withConcurrency } from './with-concurrency.ts'

/** A user as the API server's authenticator describes them. */
export type Subject = { user: string; groups: readonly string[] }

/** Simultaneous access reviews per cluster. More would only wait in its queue and delay other calls. */
const concurrency = 16

/**
 * Probes a subject's permissions with SubjectAccessReviews and returns whether each is allowed, in order. Each answer
 * is that of one API server: another one behind the same address may lag by some milliseconds.
 * @throws ClusterError
 */
export function review(client: ClusterClient, subject: Subject, questions: readonly Attributes[]): Promise<boolean[]> {
  const user = subject.user
  const groups = [...subject.groups]
  return withConcurrency(concurrency, questions, async (resourceAttributes) => {
    const { status } = await client.authorization.createSubjectAccessReview({
      body: { spec: { user, groups, resourceAttributes: toResourceAttributes(resourceAttributes) } },
    })
    return status?.allowed === true && status.denied !== true
  })
}

/** The same for Postern's own permissions. */
export function reviewSelf(client: ClusterClient, questions: readonly Attributes[]): Promise<boolean[]> {
  return withConcurrency(concurrency, questions, async (resourceAttributes) => {
    const { status } = await client.authorization.createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: toResourceAttributes(resourceAttributes) } },
    })
    return status?.allowed === true && status.denied !== true
  })
}

/** The user name of Postern itself, as the API server knows it; null if it does not say. */
export async function readOwnAccount(client: ClusterClient): Promise<string | null> {
  const { status } = await client.authentication.createSelfSubjectReview({ body: {} })
  const name: unknown = status?.userInfo?.username
  return typeof name === 'string' ? name.slice(0, 320) : null
}

/** Who the API server takes the holder of a token for; null if it refuses the token. */
export type TokenUser = { name: string; credentialId: string | null } | null

/** A 403 names the holder of the token, who may not create a SelfSubjectReview. */
const refusedUser = /User "([^"\\]{1,320})" cannot/

/**
 * Asks the API server, with this token, whose it is.
 * @throws ClusterError if the API server says neither that nor that it refuses the token
 */
export async function readTokenUser(access: ClusterAccess, token: string): Promise<TokenUser> {
  const client = await clientWithToken(access, token)
  try {
    const { status } = await client.authentication.createSelfSubjectReview({ body: {} })
    const { username, extra } = status?.userInfo ?? {}
    if (typeof username !== 'string') throw new ClusterError('transient', 'The cluster did not say whose a token is.')
    return { name: shownText(username), credentialId: extra?.[credentialIdKey]?.[0] ?? null }
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error
    if (error.status === 401) return null
    const name = error.status === 403 && refusedUser.exec(error.message)?.[1]
    if (name) return { name, credentialId: null }
    throw error
  } finally {
    client.close()
  }
}

/** To the authorizer an empty string and a missing field are the same, so empty fields are not sent. */
function toResourceAttributes({ namespace, verb, group, resource, subresource, name }: Attributes) {
  return {
    verb,
    group,
    resource,
    ...(namespace ? { namespace } : {}),
    ...(subresource ? { subresource } : {}),
    ...(name ? { name } : {}),
  }
}
