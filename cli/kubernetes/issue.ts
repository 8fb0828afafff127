import type { Api } from '../server/api.ts'
import { credential } from '../server/shapes.ts'
import type { Terminal } from '../terminal.ts'
import { type CachedCredential, writeCredential } from './credential-cache.ts'

/**
 * A new token for a grant, kept for the next calls.
 * @throws ServerRefusal if the grant is not active, or not the caller's own
 */
export async function issue(
  { env }: Terminal,
  api: Api,
  grant: string,
  givenTo?: number,
): Promise<CachedCredential & { kubeconfig: string }> {
  const { session } = api
  const issued = await api.call({ path: `/grants/${grant}/credentials`, body: {}, response: credential })
  const { token, expiresAt, kubeconfig } = issued
  const cached = { server: session.server, token, expiresAt, ...(givenTo === undefined ? {} : { givenTo }) }
  writeCredential(env, session, grant, cached)
  return { ...cached, kubeconfig }
}
