import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { exportCommand } from './export-command.ts'
import { verifyCommand } from './verify-command.ts'

/** `postern log …` */
export function logCommand(terminal: Terminal): Command {
  const log = new Command('log').description('Verify the log of events without trusting the server that keeps it.')
  for (const command of [verifyCommand(terminal), exportCommand(terminal)]) log.addCommand(command)
  return log
}
