import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'

/** `postern cluster audit-policy`: for --audit-policy-file of kube-apiserver. It calls no cluster. */
export function auditPolicyCommand(terminal: Terminal): Command {
  return new Command('audit-policy')
    .description('Write the least audit policy with which Postern learns what was done with each grant.')
    .action(async () => {
      const { auditPolicyYaml } = await import('./audit-policy-yaml.ts')
      terminal.stdout.write(auditPolicyYaml())
    })
}
