import { Command } from 'commander'
import { checkCommand } from './check/command.ts'

/** The whole command, not run yet. */
export function postern(): Command {
  const program = new Command('postern')
    .description('Just-in-time access to Kubernetes, from the terminal and in CI.')
    .exitOverride()
    .showHelpAfterError('(postern --help says more)')
  program.addCommand(checkCommand().copyInheritedSettings(program))
  return program
}
