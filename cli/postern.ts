// The `postern` command and its subcommands, each of which has a file of its own.
import { Command, CommanderError } from 'commander'
import { visible } from '#lib/core/check/source'
import { checkCommand } from './check/command.ts'
import { clusterCommand } from './cluster/command.ts'
import { logCommand } from './log/command.ts'
import { policyCommand } from './policy/command.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

function postern(terminal: Terminal): Command {
  const program = new Command('postern')
    .description('Just-in-time access to Kubernetes: check manifests and policies in the terminal and in CI.')
    .exitOverride()
    .showHelpAfterError('(run postern --help for usage)')
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text.split('\n').map(visible).join('\n')),
    })
  const commands = [checkCommand(terminal), policyCommand(terminal), clusterCommand(terminal), logCommand(terminal)]
  for (const command of commands) {
    program.addCommand(withSettings(command, program))
  }
  return program
}

/** Applies the settings to nested commands too, so that none of them ends the process. */
function withSettings(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  for (const inner of command.commands) withSettings(inner, command)
  return command
}

/** Runs a command and sets the exit code of the terminal. 1 means that there are findings, so every error is 2. */
export async function runPostern(args: readonly string[], terminal: Terminal): Promise<void> {
  try {
    await postern(terminal).parseAsync(args, { from: 'user' })
  } catch (error) {
    // Commander has printed its own errors already.
    if (!(error instanceof CommanderError)) {
      const message = error instanceof Error ? error.message : String(error)
      const text = error instanceof UsageError ? `error: ${message}` : `internal error: ${message}`
      terminal.stderr.write(`${text.split('\n').map(visible).join('\n')}\n`)
    }
    terminal.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2
  }
}
