import { credential } from '#lib/api-client/shapes'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { type CachedCredential, writeCredential } from './credential-cache.ts'

/**
 * A new token for a grant, kept for the next calls.
 * @param keepAs the grant that a kubeconfig names, if this one extends it
 * @throws ServerRefusal if the grant is not active, or not the caller's own
 */
export async function issue(
  { env }: Terminal,
  api: Api,
  grant: string,
  keepAs = grant,
): Promise<CachedCredential & { kubeconfig: string }> {
  const { session } = api
  const issued = await api.call({ path: `/grants/${grant}/credentials`, body: {}, response: credential })
  const { token, expiresAt, kubeconfig } = issued
  const cached: CachedCredential = {
    ...{ server: session.server, grant, token, expiresAt, checkedAt: Date.now() },
  }
  writeCredential(env, session, keepAs, cached)
  return { ...cached, kubeconfig }
}
