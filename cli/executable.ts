// Where a single executable starts.
import { start } from './start.ts'

// NB: its format has no `await` here, with which Node.js would notice a command that never ends.
let isFinished = false
process.once('exit', () => {
  if (!isFinished) process.exitCode = 13
})
void start().then(() => {
  isFinished = true
})
