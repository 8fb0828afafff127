import { Command } from 'commander'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import type { Terminal } from '../terminal.ts'

export function mcpCommand(terminal: Terminal): Command {
  return new Command('mcp')
    .description('Serve tools for an AI agent, by the Model Context Protocol on the standard input and output.')
    .addOption(serverOption())
    .addOption(contextOption())
    .addHelpText(
      'after',
      '\nThe agent acts as you: it reads what you may read, and submits requests that are marked as submitted by an agent.\n' +
        'It cannot approve, deny or end anything, and it gets no credential.',
    )
    .action(async (options: ServerOptions) => {
      const api = await openApi(terminal, options)
      const { serve } = await import('./serve.ts')
      await serve(api)
    })
}
