// Runs the `postern` command in this process.
import { basename } from 'node:path'
import { runPostern } from './postern.ts'

/** kubectl runs the file `kubectl-postern` for `kubectl postern`. */
const nameOf = (file: string) => (basename(file).startsWith('kubectl-postern') ? 'kubectl postern' : 'postern')

export function start(): Promise<void> {
  // A reader such as `head` may close the pipe early. That is not an error: the exit code still has the result.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 2
  })
  return runPostern(process.argv.slice(2), process, nameOf(process.argv[1] ?? ''))
}
