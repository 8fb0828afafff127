import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** A cluster and the way into it as its administrator: ours, or one that somebody else runs. */
export type Cluster = {
  /** Its name in kubeconfigs and in postern.yaml, and the kubeconfig's context. */
  name: string
  server: string
  caFile: string
  /** The authority's certificate, PEM. */
  ca: string
  adminKubeconfig: string
  /** Path of the kubectl to use. */
  kubectl: string
}

const execute = promisify(execFile)

/**
 * kubectl with this kubeconfig's current context. Resolves to what it printed; throws with what it complained about.
 * `input` is what `-f -` reads.
 */
export async function kubectl(program: string, kubeconfig: string, args: string[], input = ''): Promise<string> {
  // The discovery cache goes beside the kubeconfig: nothing is written into the person's home.
  const cache = `--cache-dir=${join(dirname(kubeconfig), 'kubectl-cache')}`
  const call = execute(program, [`--kubeconfig=${kubeconfig}`, cache, '--request-timeout=20s', ...args], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  })
  call.child.stdin?.on('error', () => {})
  call.child.stdin?.end(input)
  return (await call).stdout
}

/** kubectl as the cluster's administrator. */
export function kubectlAsAdmin(cluster: Cluster, args: string[], input?: string): Promise<string> {
  return kubectl(cluster.kubectl, cluster.adminKubeconfig, [`--context=${cluster.name}`, ...args], input)
}
