import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { inspectCommand } from './inspect-command.ts'

/** `postern token …` */
export function tokenCommand(terminal: Terminal): Command {
  const token = new Command('token').description('Look into tokens for Kubernetes.')
  token.addCommand(inspectCommand(terminal))
  return token
}
