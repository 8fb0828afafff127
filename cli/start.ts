// Runs the `postern` command in this process.
import { runPostern } from './postern.ts'

export function start(): Promise<void> {
  // A reader such as `head` may close the pipe early. That is not an error: the exit code still has the result.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 2
  })
  return runPostern(process.argv.slice(2), process)
}
