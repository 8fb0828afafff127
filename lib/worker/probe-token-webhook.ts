import { ClusterError } from '#lib/adapters/cluster/errors'
import { readTokenUser, type TokenUser } from '#lib/adapters/cluster/reviews'
import { saveTokenProbe } from '#lib/adapters/db/clusters/save-cluster-state'
import { signProbeToken } from '#lib/adapters/db/grants/grant-tokens'
import type { Configuration } from '#lib/adapters/policy/configuration'
import type { TokenProbe } from '#lib/core/access/token-webhook'
import { probeUser } from '#lib/core/access/vouched-user'
import { log } from '#lib/observability/log'

/** A minute, and at the next reading after it was not accepted: an API server that no longer asks Postern is noticed, and each asks at least this often. */
const probeEveryMs = 60_000
const probedAt = new Map<string, number>()

function judge(user: TokenUser, jti: string): Omit<TokenProbe, 'at'> {
  if (user === null) return { accepted: false, answer: 'It refused the token (401).' }
  const isThisOne = user.credentialId === null || user.credentialId === `JTI=${jti}`
  if (user.name === probeUser && isThisOne) return { accepted: true, answer: null }
  return { accepted: false, answer: `It took the holder for ${user.name}.` }
}

/**
 * Tries whether the API server of a cluster with `webhookAuthentication` accepts a token of Postern: signs one for a user
 * without any permission, and asks the API server with it whose it is. Each answer is that of one API server.
 */
export async function probeTokenWebhook(configuration: Configuration, name: string, isDue: boolean): Promise<void> {
  const cluster = configuration.clusters.find((one) => one.name === name)
  if (!cluster?.webhookAuthentication) return
  const last = probedAt.get(name)
  if (!isDue && last !== undefined && performance.now() - last < probeEveryMs) return
  probedAt.set(name, performance.now())
  const { publicUrl, openAddresses } = configuration
  const at = new Date().toISOString()
  try {
    const { token, jti } = await signProbeToken({ publicUrl, cluster: name })
    const outcome = judge(await readTokenUser({ ...cluster, openAddresses }, token), jti)
    if (!outcome.accepted) {
      probedAt.delete(name)
      log.warn({ cluster: name, ...outcome }, 'the API server does not accept a token of Postern')
    }
    await saveTokenProbe(name, { at, ...outcome })
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error
    // Nothing is known, neither that it accepts tokens nor that it does not: the last outcome stays.
    log.warn({ cluster: name, err: error }, 'it can’t be tried whether the API server accepts tokens of Postern')
  }
}
