import { Command } from 'commander'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { type OutputFormat, outputOption, print } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { readInFull } from './find.ts'
import { requestText } from './show-text.ts'

export function showCommand(terminal: Terminal): Command {
  return new Command('show')
    .description('Show a request: its terms, risk, decisions and access.')
    .argument('<id>', 'a request, or its grant')
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .action(async (id: string, { output, ...server }: ServerOptions & { output: OutputFormat }) => {
      const found = await readInFull(await openApi(terminal, server), id)
      await print(terminal, output, { data: found, names: [found.id], text: (paint) => requestText(found, paint) })
    })
}
