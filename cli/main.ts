// Runs the `postern` command in this process.
import { runPostern } from './postern.ts'

// A reader such as `head` may leave early, and there is nobody left to tell: what was found is still in the exit code.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exitCode = 2
})

await runPostern(process.argv.slice(2), process)
