// Runs the installed kubectl, which knows every way to sign in to a cluster. The administrator's credentials stay with it.
import { spawn } from 'node:child_process'
import { UsageError } from '../usage-error.ts'

/** Which cluster, and as whom: kubectl's own defaults if both are absent. */
export type Target = { kubeconfig?: string | undefined; context?: string | undefined }

const timeLimit = 60_000
const maxReason = 600

/** kubectl failed. The message is its own, on one line. */
export class KubectlError extends UsageError {}

/** Resolves to kubectl's standard output. @throws KubectlError with its standard error */
export function kubectl({ kubeconfig, context }: Target, args: readonly string[], input = ''): Promise<string> {
  const target = [...(kubeconfig ? [`--kubeconfig=${kubeconfig}`] : []), ...(context ? [`--context=${context}`] : [])]
  const child = spawn('kubectl', [...target, '--request-timeout=20s', ...args], {
    timeout: timeLimit,
    killSignal: 'SIGKILL',
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const text = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text.out += piece
  })
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text.err = (text.err + piece).slice(-10_000)
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(new KubectlError(error.code === 'ENOENT' ? 'kubectl is not installed' : `kubectl: ${error.message}`)),
    )
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(text.out)
      const reason = text.err.replace(/\s+/g, ' ').trim().slice(0, maxReason)
      const late = `it did not finish within ${timeLimit / 1000} seconds`
      reject(new KubectlError(`kubectl: ${signal ? late : reason || `ended with code ${code}`}`))
    })
  })
}
