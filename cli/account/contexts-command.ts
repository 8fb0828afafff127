import { Command } from 'commander'
import { type OutputFormat, outputOption, print, tableOf } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { changeContexts, readContexts, readTokens } from './contexts.ts'

export function contextsCommand(terminal: Terminal): Command {
  return new Command('contexts')
    .description('List the servers you signed in to, or switch to one of them.')
    .argument('[name]', 'the server to use from now on')
    .addOption(outputOption())
    .action(async (name: string | undefined, { output }: { output: OutputFormat }) => {
      const contexts = readContexts(terminal.env)
      if (name !== undefined) {
        if (!contexts.servers[name]) throw new UsageError(`There is no context ${name}.`)
        await changeContexts(terminal.env, (now) => ({ ...now, current: name }))
        terminal.stdout.write(`Using ${contexts.servers[name]}.\n`)
        return
      }
      const items = Object.entries(contexts.servers).map(([context, server]) => ({
        ...{ name: context, server, isCurrent: context === contexts.current },
        isSignedIn: readTokens(terminal.env, context, server) !== undefined,
      }))
      await print(terminal, output, {
        data: { items },
        names: items.map((item) => item.name),
        text: () =>
          tableOf(
            ['', 'NAME', 'SERVER', 'SIGNED IN'],
            items.map((item) => [item.isCurrent ? '*' : '', item.name, item.server, item.isSignedIn ? 'yes' : 'no']),
          ),
      })
    })
}
