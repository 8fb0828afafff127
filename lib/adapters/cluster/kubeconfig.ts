import { KubeConfig } from '@kubernetes/client-node'
import { ClusterError } from './errors.ts'

/** How Postern connects to a cluster, from postern.yaml. */
export type ClusterAccess = {
  name: string
  kubeconfig?: { file: string; context?: string | undefined } | undefined
  inCluster?: true | undefined
  /** Link-local and metadata addresses that the configuration allows Postern to call. */
  openAddresses?: readonly string[] | undefined
}

/** @throws ClusterError for one that has no such context, or that would not protect Postern's token; Error for an unreadable file */
export function loadKubeConfig({ name, kubeconfig, inCluster }: ClusterAccess): KubeConfig {
  const kubeConfig = new KubeConfig()
  if (inCluster) {
    kubeConfig.loadFromCluster()
  } else if (kubeconfig) {
    kubeConfig.loadFromFile(kubeconfig.file)
    if (kubeconfig.context) kubeConfig.setCurrentContext(kubeconfig.context)
  }
  const cluster = kubeConfig.getCurrentCluster()
  if (!cluster) throw new ClusterError('transient', `The kubeconfig for ${name} does not have the configured context.`)
  if (cluster.skipTLSVerify || !cluster.server.startsWith('https://')) {
    // A machine in the middle would receive Postern's own token.
    throw new ClusterError(
      'transient',
      `The kubeconfig for ${name} must use https and verify the server’s certificate.`,
    )
  }
  return kubeConfig
}
