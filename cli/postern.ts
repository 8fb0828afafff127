// The `postern` command. Each command is a file of its own; this one says which there are.
import { Command, CommanderError } from 'commander'
import { visible } from '#lib/core/check/source'
import { checkCommand } from './check/command.ts'
import { policyCommand } from './policy/command.ts'
import type { Terminal } from './terminal.ts'
import { UnusableFile } from './unusable-file.ts'

function postern(terminal: Terminal): Command {
  const program = new Command('postern')
    .description('Just-in-time access to Kubernetes, from the terminal and in CI.')
    .exitOverride()
    .showHelpAfterError('(postern --help says more)')
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text.split('\n').map(visible).join('\n')),
    })
  for (const command of [checkCommand(terminal), policyCommand(terminal)]) {
    program.addCommand(withSettings(command, program))
  }
  return program
}

/** Commands of commands, too, end without ending the process. */
function withSettings(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  for (const inner of command.commands) withSettings(inner, command)
  return command
}

/**
 * Runs a command and leaves its exit code in the terminal. 1 means that something was found, so whatever goes wrong
 * otherwise is a 2.
 */
export async function runPostern(args: readonly string[], terminal: Terminal): Promise<void> {
  try {
    await postern(terminal).parseAsync(args, { from: 'user' })
  } catch (error) {
    // What is wrong with the arguments has been said.
    if (!(error instanceof CommanderError)) {
      const message = error instanceof Error ? error.message : String(error)
      const known = error instanceof UnusableFile ? message : `postern failed, which is a fault of its own: ${message}`
      terminal.stderr.write(`${known.split('\n').map(visible).join('\n')}\n`)
    }
    terminal.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2
  }
}
