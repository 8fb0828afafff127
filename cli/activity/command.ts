import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { importCommand } from './import-command.ts'

/** `postern activity …` */
export function activityCommand(terminal: Terminal): Command {
  return new Command('activity')
    .description('Send the audit log of an API server to Postern.')
    .addCommand(importCommand(terminal))
}
