import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addCommand } from './add-command.ts'
import { admissionCommand } from './admission-command.ts'
import { auditPolicyCommand } from './audit-policy-command.ts'
import { authenticationCommand } from './authentication-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { protectAdmissionCommand } from './protect-admission-command.ts'
import { removeCommand } from './remove-command.ts'
import { tokensCommand } from './tokens-command.ts'

/** `postern cluster …` */
export function clusterCommand(terminal: Terminal): Command {
  const cluster = new Command('cluster').description('Prepare a cluster for Postern, check it, and undo it.')
  const commands = [
    ...[addCommand(terminal), admissionCommand(terminal), auditPolicyCommand(terminal)],
    ...[authenticationCommand(terminal), doctorCommand(terminal), protectAdmissionCommand(terminal)],
    ...[removeCommand(terminal), tokensCommand(terminal)],
  ]
  for (const command of commands) cluster.addCommand(command)
  return cluster
}
