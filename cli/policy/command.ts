import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { replayCommand } from './replay-command.ts'
import { testCommand } from './test-command.ts'

/** `postern policy …`: what can be done with a postern.yaml before it is in force. */
export function policyCommand(terminal: Terminal): Command {
  const policy = new Command('policy').description('Try a policy before it is in force.')
  for (const command of [testCommand(terminal), replayCommand(terminal)]) policy.addCommand(command)
  return policy
}
