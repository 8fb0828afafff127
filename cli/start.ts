// Runs the `postern` command in this process.
import { runPostern } from './postern.ts'
import { isCompletion } from './program-name.ts'

export async function start(): Promise<void> {
  // A reader such as `head` may close the pipe early. That is not an error: the exit code still has the result.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 2
  })
  const args = process.argv.slice(2)
  if (!isCompletion) return runPostern(args, process)
  const { completeForKubectl } = await import('./completion/kubectl-completion.ts')
  await completeForKubectl(args, process)
}
