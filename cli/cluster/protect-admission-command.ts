import { Command, Option } from 'commander'
import { collect } from '../collect.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

type Options = { user: string[]; group: string[] }

/** `postern cluster protect-admission`: writes a file for the control plane. It calls no cluster. */
export function protectAdmissionCommand(terminal: Terminal): Command {
  const repeatable = (flags: string, description: string) =>
    new Option(flags, `${description} (repeatable)`).argParser(collect).default([], 'none')
  return new Command('protect-admission')
    .description('Write a policy for the control plane that lets only some change the admission policies.')
    .addOption(repeatable('--user <name>', 'a user who may change them, as the API server knows them'))
    .addOption(repeatable('--group <name>', 'a group that may change them'))
    .action(async ({ user: users, group: groups }: Options) => {
      if (users.length === 0 && groups.length === 0) {
        throw new UsageError(
          'Name those who apply the policies with --user or --group: without them no one can change the policies.',
        )
      }
      const { protectionPolicy } = await import('#lib/core/admission/protection')
      const { yamlDocuments } = await import('./admission-yaml.ts')
      const head =
        '# Who may change the admission policies of Postern. Written by postern cluster protect-admission, for staticManifestsDir.\n'
      terminal.stdout.write(`${head}${yamlDocuments(protectionPolicy({ users, groups }))}`)
    })
}
