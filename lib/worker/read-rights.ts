import { ClusterError } from '#lib/adapters/cluster/errors'
import { readClusterRights } from '#lib/adapters/cluster/read-rights'
import {
  claimRightsRead,
  rightsReadSeconds,
  saveRights,
  saveRightsError,
} from '#lib/adapters/db/clusters/cluster-rights'
import type { Configuration } from '#lib/adapters/policy/configuration'
import { AppError } from '#lib/core/access/errors'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { log } from '#lib/observability/log'
import { inSpan } from '#lib/observability/traces'
import { clientFor } from './clusters.ts'

/** Seconds between two readings of a cluster, which is how old "you already can" may be. */
const shortestPause = 60
const longestPause = 600
/** A cluster that takes long to read is big or busy: a hundredth of the time is spent on it at the most. */
const pausePerSecondOfReading = 100

const pauseAfter = (ms: number) =>
  Math.min(longestPause, Math.max(shortestPause, Math.round((ms / 1000) * pausePerSecondOfReading)))

/**
 * Reads who may do what in a cluster and writes it down, when it is time. What was read before stays where the cluster
 * does not answer, until it is too old; where Postern may not read it any more, nothing is known. Never throws for what a
 * cluster does.
 * @param stopping ends a long reading half-way
 */
export async function readRightsOf(configuration: Configuration, name: string, stopping: AbortSignal): Promise<void> {
  if (!(await claimRightsRead(name))) return
  try {
    const client = await clientFor(configuration, name)
    const began = performance.now()
    // NB: taken before the first page: what changes meanwhile may not be in it.
    const readAt = new Date()
    const signal = AbortSignal.any([stopping, AbortSignal.timeout((rightsReadSeconds - 30) * 1000)])
    const rights = await inSpan('read rights', { kind: 'root', attributes: { 'k8s.cluster.name': name } }, () =>
      readClusterRights(client, grantsNamespace, signal),
    )
    await saveRights(name, rights, readAt, pauseAfter(performance.now() - began))
  } catch (error) {
    if (error instanceof AppError) throw error
    if (stopping.aborted) return
    log.warn({ cluster: name, err: error }, 'who may do what cannot be read')
    const isForbidden = error instanceof ClusterError && error.status === 403
    const why = isForbidden
      ? `Postern may not read who may do what in ${name}.`
      : error instanceof ClusterError
        ? error.message
        : `What ${name} answered about who may do what could not be understood.`
    await saveRightsError(name, why, isForbidden)
  }
}
