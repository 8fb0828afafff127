import { ClusterError } from '#lib/adapters/cluster/errors'
import { callWithToken, ownTokenOf, sealToken, tokenInUse, unsealToken } from '#lib/adapters/cluster/own-token'
import { requestToken } from '#lib/adapters/cluster/tokens'
import {
  claimRenewal,
  findClusterToken,
  saveConfiguredToken,
  saveRenewalError,
  saveRenewedToken,
} from '#lib/adapters/db/clusters/cluster-tokens'
import type { Configuration } from '#lib/adapters/policy/configuration'
import { isRenewalDue, lifeSecondsOf, longestValid } from '#lib/core/grants/own-token-renewal'
import { log } from '#lib/observability/log'
import { clientFor, configuredTokenIn } from './clusters.ts'

/**
 * Calls a cluster with the token that is valid for the longest time: the configured one, or one with which a worker renewed it.
 * Renews it once half of its life is over. After a change of the kubeconfig its own token counts: the stored one can't be read with it.
 */
export async function renewOwnToken(configuration: Configuration, cluster: string, now = new Date()): Promise<void> {
  const configured = configuredTokenIn(configuration, cluster)
  if (!configured) return
  const stored = await findClusterToken(cluster)
  const kept = stored?.sealed ? await unsealToken(configured, cluster, stored.sealed) : null
  // NB: also the one in memory, so that someone who can write to the database can't take it away from a running worker.
  const own = longestValid(configured, kept, tokenInUse(cluster, configured.token))
  callWithToken(cluster, configured, own)
  const known = kept ?? (stored && stored.sealed === null ? configured : null)
  const isStored = known?.token === own.token && stored?.expiresAt.getTime() === own.expiresAt.getTime()
  if (!isStored && own.token === configured.token) await saveConfiguredToken(cluster, own)
  else if (!isStored) await saveRenewedToken(cluster, await sealToken(configured, cluster, own), own)
  if (!isRenewalDue(own, now) || !(await claimRenewal(cluster))) return
  try {
    const client = await clientFor(configuration, cluster)
    const { token } = await requestToken(client, own.account, lifeSecondsOf(configured))
    const next = ownTokenOf(token)
    if (!next) throw new ClusterError('refused', 'The cluster issued a token without the name of its account.')
    // A cluster may issue tokens of a shorter life only: then the one in use is kept until it has less left.
    if (next.expiresAt < own.expiresAt) return
    await saveRenewedToken(cluster, await sealToken(configured, cluster, next), next)
    callWithToken(cluster, configured, next)
    log.info({ cluster, expiresAt: next.expiresAt }, 'renewed the token for a cluster')
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error
    log.warn({ cluster, err: error }, 'the token for a cluster cannot be renewed')
    await saveRenewalError(cluster, error.message)
  }
}
