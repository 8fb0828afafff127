import { once } from 'node:events'
import { Command } from 'commander'
import type { LogLine } from '#lib/core/log/log-line'
import type { Terminal } from '../terminal.ts'
import { logServer } from './log-server.ts'
import { type ServerOptions, serverOption, tokenOption } from './options.ts'

async function exportLog(terminal: Terminal, options: ServerOptions) {
  const server = logServer(options)
  const write = async (line: LogLine) => {
    if (!terminal.stdout.write(`${JSON.stringify(line)}\n`)) await once(terminal.stdout, 'drain')
  }
  await write({ checkpoint: await server.checkpoint() })
  for await (const { entries, withoutLeaf } of server.entries()) {
    for (const entry of entries) await write({ entry })
    for (const id of withoutLeaf) await write({ withoutLeaf: id })
  }
}

/** `postern log export` */
export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .description('Print the whole log with its checkpoint as JSON Lines, to verify it elsewhere. For auditors.')
    .addOption(serverOption())
    .addOption(tokenOption())
    .action((options: ServerOptions) => exportLog(terminal, options))
}
