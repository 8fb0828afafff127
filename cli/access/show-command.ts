import { Command } from 'commander'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { type OutputFormat, outputOption, print } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { readInFull, requestIdOf } from './find.ts'
import { requestText } from './show-text.ts'
import { watchOption, watchRequest } from './watch.ts'

type Options = ServerOptions & { output: OutputFormat; watch?: true }

export function showCommand(terminal: Terminal): Command {
  return new Command('show')
    .description('Show a request: its terms, risk, decisions and access.')
    .argument('<id>', 'a request, or its grant')
    .addOption(watchOption())
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .action(async (id: string, { output, watch, ...server }: Options) => {
      const api = await openApi(terminal, server)
      if (watch) return void (await watchRequest(terminal, api, await requestIdOf(api, id)))
      const found = await readInFull(api, id)
      await print(terminal, output, { data: found, names: [found.id], text: (paint) => requestText(found, paint) })
    })
}
