// The `postern` command and its subcommands, each of which has a folder of its own.
import { Command, CommanderError } from 'commander'
import { visible } from '#lib/core/access/visible-text'
import { commands } from './commands.ts'
import { CommandFailure, exitCodes } from './exit-codes.ts'
import { version } from './package-file.ts'
import { programName } from './program-name.ts'
import type { Terminal } from './terminal.ts'

const visibleLines = (text: string) => text.split('\n').map(visible).join('\n')

/** The arguments, without those behind `--` if these are another command. */
function split(args: readonly string[]): { own: readonly string[]; words: readonly string[] | null } {
  const end = args.indexOf('--')
  const isCommand = commands.some(({ name, takesCommand }) => takesCommand && name === args[0])
  return isCommand && end > 0 ? { own: args.slice(0, end), words: args.slice(end + 1) } : { own: args, words: null }
}

/**
 * The program, with each command that `isNeeded` in full and the others as a line in the help.
 */
export async function program(terminal: Terminal, args: readonly string[], isNeeded: (name: string) => boolean) {
  const root = new Command(programName)
    .description(
      'Just-in-time access to Kubernetes: request it, approve it, use it, end it. Checks manifests and policies.',
    )
    .version(version(), '--version', 'print the version')
    .exitOverride()
    .showHelpAfterError(`(run ${programName} --help for usage)`)
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(visibleLines(text)),
    })
  const { words } = split(args)
  for (const { name, summary, group, load } of commands) {
    const command = isNeeded(name) ? (await load())(terminal, words) : new Command(name).description(summary)
    root.addCommand(withSettings(command.helpGroup(`${group}:`), root))
  }
  return root
}

/** Applies the settings to nested commands too, so that none of them ends the process. */
function withSettings(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  for (const inner of command.commands) withSettings(inner, command)
  return command
}

/** The exit code of what a command threw, after its message is printed. */
function report(error: unknown, terminal: Terminal): number {
  // Commander has printed its own errors already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  const message = error instanceof Error ? error.message : String(error)
  const isKnown = error instanceof CommandFailure
  const text = isKnown ? `error: ${message}` : `internal error: ${message}`
  if (message !== '') terminal.stderr.write(`${visibleLines(text)}\n`)
  return isKnown ? error.exitCode : exitCodes.usage
}

/** Runs a command and sets the exit code of the terminal. */
export async function runPostern(args: readonly string[], terminal: Terminal): Promise<void> {
  const named = args[0] === 'help' ? args[1] : args[0]
  try {
    const needsAll = commands.some(({ name, needsAll = false }) => needsAll && name === named)
    const root = await program(terminal, args, (command) => needsAll || command === named)
    await root.parseAsync(split(args).own, { from: 'user' })
  } catch (error) {
    terminal.exitCode = report(error, terminal)
  }
}
