import { Command, Option } from 'commander'
import { collect } from '../collect.ts'
import { policyOption } from '../policy/option.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

type Options = { policy?: string; cluster?: string; audience: string[]; ca?: string }

/** `postern cluster authentication`: writes a file for kube-apiserver. It calls no cluster. */
export function authenticationCommand(terminal: Terminal): Command {
  return new Command('authentication')
    .description('Write an AuthenticationConfiguration for kube-apiserver --authentication-config.')
    .argument('[flags...]', 'after --, the --oidc-* flags of an API server, to translate them instead')
    .addOption(policyOption())
    .option('--cluster <name>', 'a cluster of the policy (default: the only one)')
    .addOption(
      new Option('--audience <client>', 'a client of the provider that kubectl signs in with (repeatable)')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--ca <file>', 'the certificate authority of the provider, if it is not a public one')
    .action(async (flags: string[], options: Options) => {
      const { authenticationFromFlags, authenticationYaml } = await import('./authentication.ts')
      if (flags.length > 0) {
        terminal.stdout.write(authenticationFromFlags(flags))
        return
      }
      const { loadPolicy } = await import('../policy/load-policy.ts')
      const path = options.policy ?? 'postern.yaml'
      const { configuration } = await loadPolicy(path)
      if (!configuration) throw new UsageError(`${path} has only guardrails. Use a whole postern.yaml.`)
      const { cluster, audience: audiences, ca: caFile } = options
      terminal.stdout.write(authenticationYaml(configuration, { cluster, audiences, caFile }))
    })
}
