import { type ClusterClient, clusterClient } from '#lib/adapters/cluster/client'
import { ClusterError } from '#lib/adapters/cluster/errors'
import type { Configuration } from '#lib/adapters/policy/configuration'

/**
 * The way into a cluster by its name in this configuration.
 * @throws ClusterError when it is not configured (any more), or its kubeconfig cannot be used
 */
export async function clientFor(configuration: Configuration, name: string): Promise<ClusterClient> {
  const cluster = configuration.clusters.find((candidate) => candidate.name === name)
  if (!cluster) {
    throw new ClusterError('transient', `The cluster ${name} is not in the configuration: Postern cannot reach it.`)
  }
  return clusterClient({ ...cluster, openAddresses: configuration.openAddresses })
}
