// Postern's own token for a cluster: that of the configured kubeconfig, or one that a worker requested with it.
import { hkdfSync } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, decodeJwt } from 'jose'
import { z } from 'zod'
import type { TokenLife } from '#lib/core/grants/own-token-renewal'
import { type ClusterAccess, loadKubeConfig } from './kubeconfig.ts'

/** A token of a ServiceAccount. It is never logged, and stored only sealed. */
export type OwnToken = TokenLife & { token: string; account: { namespace: string; name: string; uid: string } }

const claims = z.object({
  iat: z.number(),
  exp: z.number(),
  'kubernetes.io': z.object({ namespace: z.string(), serviceaccount: z.object({ name: z.string(), uid: z.string() }) }),
})

/** What a token says of itself; null unless it is one of a ServiceAccount that expires. */
export function ownTokenOf(token: string): OwnToken | null {
  try {
    const { iat, exp, 'kubernetes.io': about } = claims.parse(decodeJwt(token))
    const account = { namespace: about.namespace, ...about.serviceaccount }
    return { token, account, issuedAt: new Date(iat * 1000), expiresAt: new Date(exp * 1000) }
  } catch {
    return null
  }
}

/**
 * The configured token; null if there is none that Postern could renew: a certificate, a program, a token that never expires,
 * or Postern's own pod, whose token the kubelet renews.
 * @throws ClusterError when the kubeconfig cannot be used
 */
export function configuredToken(access: ClusterAccess): OwnToken | null {
  if (!access.kubeconfig) return null
  const user = loadKubeConfig(access).getCurrentUser()
  return user?.token && !user.exec && !user.authProvider ? ownTokenOf(user.token) : null
}

/** The key is made from the configured token, so only a process that has the kubeconfig can read what is sealed. */
const keyOf = (configured: OwnToken, cluster: string) =>
  new Uint8Array(hkdfSync('sha256', configured.token, '', `postern own token ${cluster}`, 32))

/** Encrypts a token as JWE (RFC 7516). */
export const sealToken = (configured: OwnToken, cluster: string, { token }: OwnToken): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(token))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(keyOf(configured, cluster))

/** Decrypts a token; null if it was sealed with another configured token, was altered, or is of another account. */
export async function unsealToken(configured: OwnToken, cluster: string, sealed: string): Promise<OwnToken | null> {
  try {
    const { plaintext } = await compactDecrypt(sealed, keyOf(configured, cluster), {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    const own = ownTokenOf(new TextDecoder().decode(plaintext))
    return own?.account.uid === configured.account.uid ? own : null
  } catch {
    return null
  }
}

/** The tokens that this process uses in place of configured ones. */
const renewed = new Map<string, { configured: string; own: OwnToken }>()

/** From now on this process calls the cluster with this token, for as long as the configured one stays the same. */
export function callWithToken(cluster: string, configured: OwnToken, own: OwnToken): void {
  if (own.token === configured.token) renewed.delete(cluster)
  else renewed.set(cluster, { configured: configured.token, own })
}

/** The token in place of this configured one; null to use that one itself. */
export function tokenInUse(cluster: string, configured: string | undefined): OwnToken | null {
  const found = renewed.get(cluster)
  return found && found.configured === configured ? found.own : null
}

/** Changes with the token in use. */
export const tokenKeyOf = (cluster: string): string => renewed.get(cluster)?.own.token ?? ''
