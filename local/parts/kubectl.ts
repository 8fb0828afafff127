import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A cluster with an administrator's kubeconfig: one that was started here, or the user's own. */
export type Cluster = {
  /** Its name in postern.yaml and in generated kubeconfigs. */
  name: string
  server: string
  /** The authority that signed the server's certificate (PEM); undefined for the system's authorities. */
  caFile: string | undefined
  adminKubeconfig: string
  /** The context in that kubeconfig. */
  adminContext: string
  /** A folder for kubectl's cache, so that nothing is written to the user's home directory. */
  scratch: string
  /** Path of the kubectl program. */
  kubectl: string
}

const execute = promisify(execFile)

/**
 * Runs kubectl with the current context of `kubeconfig`. Resolves to its standard output and throws with its standard
 * error. `input` is its standard input, for `-f -`.
 */
export async function runKubectl(
  { kubectl, scratch }: Pick<Cluster, 'kubectl' | 'scratch'>,
  kubeconfig: string,
  args: string[],
  input = '',
): Promise<string> {
  const always = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(scratch, 'kubectl-cache')}`]
  const call = execute(kubectl, [...always, '--request-timeout=20s', ...args], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  })
  call.child.stdin?.on('error', () => {})
  call.child.stdin?.end(input)
  return (await call).stdout
}

/** Runs kubectl as the cluster's administrator. */
export function kubectlAsAdmin(cluster: Cluster, args: string[], input?: string): Promise<string> {
  return runKubectl(cluster, cluster.adminKubeconfig, [`--context=${cluster.adminContext}`, ...args], input)
}
