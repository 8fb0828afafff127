import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addCommand } from './add-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { removeCommand } from './remove-command.ts'

/** `postern cluster …` */
export function clusterCommand(terminal: Terminal): Command {
  const cluster = new Command('cluster').description('Prepare a cluster for Postern, check it, and undo it.')
  for (const command of [addCommand(terminal), doctorCommand(terminal), removeCommand(terminal)])
    cluster.addCommand(command)
  return cluster
}
