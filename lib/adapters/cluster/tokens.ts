import { decodeJwt } from 'jose'
import type { ObjectKey } from '#lib/core/grants/manifests'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'

/** A ServiceAccount token, for its holder's eyes only: never logged, never stored. */
export type IssuedToken = { token: string; jti: string; expiresAt: Date }

/** Kubernetes: "may not specify a duration less than 10 minutes" (TokenRequest validation). */
const shortestSeconds = 600
/** NB: never 3607, which API servers take for the sign to hand out a token that lives for a year. */
const longestSeconds = 3600

/** How long a token for a grant with this much time left may live. What is left over, the grant's end takes back. */
export const tokenSeconds = (secondsLeft: number): number =>
  Math.max(shortestSeconds, Math.min(longestSeconds, Math.ceil(secondsLeft)))

/**
 * A token of this very ServiceAccount: the uid in the request makes the API server refuse one that was made anew under
 * the same name (1.34 and later). The server may shorten the time; it may not lengthen it.
 * @throws ClusterError
 */
export async function requestToken(
  client: ClusterClient,
  account: ObjectKey & { uid: string },
  expirationSeconds: number,
): Promise<IssuedToken> {
  const { namespace, name, uid } = account
  const { status } = await client.core.createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { metadata: { uid }, spec: { audiences: [], expirationSeconds } },
  })
  if (!status?.token) throw new ClusterError('transient', 'The cluster answered without a token.')
  const { jti, iat, exp } = decodeJwt(status.token)
  // By the cluster's own clock. A longer life than asked for would outlive what was approved.
  if (iat === undefined || exp === undefined || exp - iat > expirationSeconds) {
    throw new ClusterError('refused', 'The cluster made a token that lives longer than was asked for.')
  }
  if (!jti) throw new ClusterError('refused', 'The cluster made a token without an id (Kubernetes before 1.30?).')
  return { token: status.token, jti, expiresAt: new Date(exp * 1000) }
}
