import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { replayCommand } from './replay-command.ts'
import { testCommand } from './test-command.ts'

/** `postern policy …` */
export function policyCommand(terminal: Terminal): Command {
  const policy = new Command('policy').description('Try out a policy before you deploy it.')
  for (const command of [testCommand(terminal), replayCommand(terminal)]) policy.addCommand(command)
  return policy
}
