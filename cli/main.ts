// The `postern` command. Each command is a file of its own; this one says which there are.
import { CommanderError } from 'commander'
import { postern } from './postern.ts'

try {
  await postern().parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // What is wrong has been said. 1 means that something was found, so a command that was not understood is a 2.
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
