import { decodeJwt } from 'jose'
import type { ObjectKey } from '#lib/core/grants/manifests'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'

/** A ServiceAccount token. Only its holder may see it: it is never logged and never stored. */
export type IssuedToken = { token: string; jti: string; expiresAt: Date }

/**
 * Requests a token of exactly this ServiceAccount: because of the uid in the request the API server refuses if another
 * one has been created under the same name (1.34 and later). The server may shorten the lifetime but not extend it.
 * @throws ClusterError
 */
export async function requestToken(
  client: ClusterClient,
  account: Pick<ObjectKey, 'namespace' | 'name'> & { uid: string },
  expirationSeconds: number,
): Promise<IssuedToken> {
  const { namespace, name, uid } = account
  const { status } = await client.core.createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { metadata: { uid }, spec: { audiences: [], expirationSeconds } },
  })
  if (!status?.token) throw new ClusterError('transient', 'The cluster’s response contains no token.')
  const { jti, iat, exp } = decodeJwt(status.token)
  // Measured by the cluster's own clock. A token that is valid for longer than requested could outlive the approval.
  if (iat === undefined || exp === undefined || exp - iat > expirationSeconds) {
    throw new ClusterError('refused', 'The cluster issued a token that is valid for longer than requested.')
  }
  if (!jti)
    throw new ClusterError(
      'refused',
      'The cluster issued a token without an ID. Postern needs Kubernetes 1.30 or later.',
    )
  return { token: status.token, jti, expiresAt: new Date(exp * 1000) }
}
