import { Command } from 'commander'
import { policyOption } from '../policy/option.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

type Options = { policy?: string; cluster?: string }

/** `postern cluster admission`: writes YAML for `kubectl apply -f -`. It calls no cluster. */
export function admissionCommand(terminal: Terminal): Command {
  return new Command('admission')
    .description('Write the guardrails as ValidatingAdmissionPolicies, for kubectl apply -f -.')
    .addOption(policyOption())
    .option('--cluster <name>', 'a cluster of the policy (default: the only one)')
    .action(async (options: Options) => {
      const { loadPolicy } = await import('../policy/load-policy.ts')
      const { admissionYaml } = await import('./admission-yaml.ts')
      const path = options.policy ?? 'postern.yaml'
      const { configuration, compiled } = await loadPolicy(path)
      if (!configuration) throw new UsageError(`${path} has only guardrails. Use a whole postern.yaml.`)
      terminal.stdout.write(admissionYaml(configuration, compiled, options.cluster))
    })
}
