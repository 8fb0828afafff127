import { ClusterError } from '#lib/adapters/cluster/errors'
import { readClusterRights } from '#lib/adapters/cluster/read-rights'
import {
  claimRightsRead,
  rightsReadSeconds,
  saveRights,
  saveRightsError,
} from '#lib/adapters/db/clusters/cluster-rights'
import { keepStanding } from '#lib/adapters/db/clusters/standing-history'
import type { Configuration } from '#lib/adapters/policy/configuration'
import { AppError } from '#lib/core/access/errors'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { log } from '#lib/observability/log'
import { inSpan } from '#lib/observability/traces'
import { clientFor } from './clusters.ts'
import { refreshPosture } from './refresh-posture.ts'

/** Seconds between two readings of a cluster: the usual age of what Postern knows about current access. */
const shortestPause = 60
const longestPause = 600
/** A cluster that is slow to read is large or busy: at most a hundredth of the time is spent on reading it. */
const pausePerSecondOfReading = 100

const pauseAfter = (ms: number) =>
  Math.min(longestPause, Math.max(shortestPause, Math.round((ms / 1000) * pausePerSecondOfReading)))

/**
 * Reads and stores the RBAC objects of a cluster, if a reading is due. While the cluster does not respond the last reading
 * stays until it is too old; once Postern may no longer read them, nothing is known. Never throws for what a cluster does.
 * @param stopping aborts a long reading
 */
export async function readRightsOf(configuration: Configuration, name: string, stopping: AbortSignal): Promise<void> {
  if (!(await claimRightsRead(name))) return
  try {
    const client = await clientFor(configuration, name)
    const began = performance.now()
    // NB: the time before the first page, because later changes may be missing.
    const readAt = new Date()
    const signal = AbortSignal.any([stopping, AbortSignal.timeout((rightsReadSeconds - 30) * 1000)])
    const rights = await inSpan('read rights', { kind: 'root', attributes: { 'k8s.cluster.name': name } }, () =>
      readClusterRights(client, grantsNamespace, signal),
    )
    const hash = await saveRights(name, rights, readAt, pauseAfter(performance.now() - began))
    const isKept = await keepStanding(name, rights.objects, readAt).catch((error: unknown) => {
      if (error instanceof AppError) throw error
      log.error({ cluster: name, err: error }, 'the standing access of a cluster cannot be kept')
      return true
    })
    if (!isKept) log.warn({ cluster: name }, 'too much of the standing access of a cluster has changed to keep it')
    await refreshPosture(name, rights, hash).catch((error: unknown) => {
      // The rights themselves are read and stored.
      if (error instanceof AppError) throw error
      log.error({ cluster: name, err: error }, 'the standing access of a cluster cannot be judged')
    })
  } catch (error) {
    if (error instanceof AppError) throw error
    if (stopping.aborted) return
    log.warn({ cluster: name, err: error }, 'the rights in a cluster cannot be read')
    const isForbidden = error instanceof ClusterError && error.status === 403
    const why = isForbidden
      ? `Postern may not read the RBAC objects of ${name}.`
      : error instanceof ClusterError
        ? error.message
        : `The response of ${name} about its RBAC objects could not be understood.`
    await saveRightsError(name, why, isForbidden)
  }
}
