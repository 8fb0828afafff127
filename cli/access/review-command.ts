import { Command, Option } from 'commander'
import { reviewOutcomes } from '#lib/core/access/break-glass'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { line } from '../output.ts'
import { reviewed } from '../server/shapes.ts'
import type { Terminal } from '../terminal.ts'
import { requestIdOf } from './find.ts'

type Options = ServerOptions & { outcome: string; note: string }

export function reviewCommand(terminal: Terminal): Command {
  return new Command('review')
    .description('Record whether break-glass access was justified.')
    .argument('<id>', 'the request, or its grant')
    .addOption(new Option('--outcome <outcome>', 'what you found').choices([...reviewOutcomes]).makeOptionMandatory())
    .requiredOption('--note <text>', 'what you looked at, for the history')
    .addOption(serverOption())
    .addOption(contextOption())
    .action(async (id: string, { outcome, note, ...options }: Options) => {
      const api = await openApi(terminal, options)
      const request = await requestIdOf(api, id)
      const path = `/requests/${request}/review`
      const found = await api.call({ path, body: { outcome, note }, response: reviewed, isKeyed: true })
      terminal.stdout.write(`Reviewed ${request}: ${line(found.outcome)}.\n`)
    })
}
