import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { testParts } from './database.ts'

const execute = promisify(execFile)

/**
 * The real kubectl with a kubeconfig, the administrator's unless another is given. Resolves to what it printed; rejects
 * with what it complained about. `input` is what `-f -` reads.
 */
export async function kubectl(args: string[], options: { kubeconfig?: string; input?: string } = {}): Promise<string> {
  const { kubernetes } = testParts()
  const { kubeconfig = kubernetes.adminKubeconfig, input = '' } = options
  // The discovery cache goes beside the cluster's files: nothing is written into anybody's home.
  const cache = `--cache-dir=${join(dirname(kubernetes.adminKubeconfig), 'kubectl-cache')}`
  const call = execute(kubernetes.kubectl, [`--kubeconfig=${kubeconfig}`, cache, '--request-timeout=20s', ...args], {
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  })
  call.child.stdin?.on('error', () => {})
  call.child.stdin?.end(input)
  return (await call).stdout
}
