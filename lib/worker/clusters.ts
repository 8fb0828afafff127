import { type ClusterClient, clusterClient } from '#lib/adapters/cluster/client'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { configuredToken, type OwnToken } from '#lib/adapters/cluster/own-token'
import type { Configuration } from '#lib/adapters/policy/configuration'

/**
 * A client of the cluster with this name in the configuration.
 * @throws ClusterError if there is no such cluster (any more), or its kubeconfig cannot be used
 */
export async function clientFor(configuration: Configuration, name: string): Promise<ClusterClient> {
  const cluster = configuration.clusters.find((candidate) => candidate.name === name)
  if (!cluster) {
    throw new ClusterError('transient', `The cluster ${name} is not in the configuration, so Postern can't reach it.`)
  }
  return clusterClient({ ...cluster, openAddresses: configuration.openAddresses })
}

/** The configured token of this cluster; null if it can't be renewed, or can't be read: a call of the cluster says why. */
export function configuredTokenIn({ clusters }: Configuration, name: string): OwnToken | null {
  const cluster = clusters.find((candidate) => candidate.name === name)
  try {
    return cluster ? configuredToken(cluster) : null
  } catch {
    return null
  }
}
