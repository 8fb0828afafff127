import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A cluster and the way into it as its administrator: ours, or one that somebody else runs. */
export type Cluster = {
  /** Its name in postern.yaml and in the kubeconfigs that are written here. */
  name: string
  server: string
  /** The authority that signed the server's certificate (PEM); undefined where the system's own are meant. */
  caFile: string | undefined
  adminKubeconfig: string
  /** The context in that kubeconfig. */
  adminContext: string
  /** A folder for kubectl's cache: nothing is written into the person's home. */
  scratch: string
  /** Path of the kubectl to use. */
  kubectl: string
}

const execute = promisify(execFile)

/**
 * kubectl with this kubeconfig's current context. Resolves to what it printed; throws with what it complained about.
 * `input` is what `-f -` reads. Its cache goes into `scratch`: nothing is written into the person's home.
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

/** kubectl as the cluster's administrator. */
export function kubectlAsAdmin(cluster: Cluster, args: string[], input?: string): Promise<string> {
  return runKubectl(cluster, cluster.adminKubeconfig, [`--context=${cluster.adminContext}`, ...args], input)
}
