import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { testParts } from './database.ts'

const execute = promisify(execFile)

/**
 * The real kubectl, as the cluster's administrator unless another kubeconfig is given. Resolves to its output; rejects
 * with its error. `input` is what `-f -` reads.
 */
export async function kubectl(args: string[], options: { kubeconfig?: string; input?: string } = {}): Promise<string> {
  const { kubernetes } = testParts()
  const { kubeconfig = kubernetes.adminKubeconfig, input = '' } = options
  // The discovery cache goes beside the cluster's files: nothing is written into a home directory.
  const cache = `--cache-dir=${join(dirname(kubernetes.adminKubeconfig), 'kubectl-cache')}`
  const call = execute(kubernetes.kubectl, [`--kubeconfig=${kubeconfig}`, cache, '--request-timeout=20s', ...args], {
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  })
  call.child.stdin?.on('error', () => {})
  call.child.stdin?.end(input)
  return (await call).stdout
}

/** What `kubectl auth can-i` answers about a user: `yes` or `no`. */
export async function canI(user: string, verb: string, resource: string, namespace = 'payments'): Promise<string> {
  const question = ['auth', 'can-i', verb, resource, '-n', namespace, `--as=${user}`]
  // It fails where the answer is no.
  return (await kubectl(question).catch((error: { stdout?: string }) => error.stdout ?? '')).trim()
}
