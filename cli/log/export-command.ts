import { once } from 'node:events'
import { createWriteStream, renameSync, rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import type { LogLine } from '#lib/core/log/log-line'
import { fileErrorMessage } from '../file-error.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { type LogServer, logServer } from './log-server.ts'
import { type ServerOptions, serverOption, tokenOption } from './options.ts'
import { mostBytes } from './pack-file.ts'

type Options = ServerOptions & { pack?: string; request?: string; from?: string; to?: string }

async function exportLog(terminal: Terminal, server: LogServer) {
  const write = async (line: LogLine) => {
    if (!terminal.stdout.write(`${JSON.stringify(line)}\n`)) await once(terminal.stdout, 'drain')
  }
  await write({ checkpoint: await server.checkpoint() })
  for await (const { entries, withoutLeaf } of server.entries()) {
    for (const entry of entries) await write({ entry })
    for (const id of withoutLeaf) await write({ withoutLeaf: id })
  }
}

/** The path of the API that returns the pack. */
function pathOfPack({ request, from, to }: Options): string {
  if (request && !from && !to) return `/api/v1/requests/${encodeURIComponent(request)}/evidence`
  if (from && to && !request) return `/api/v1/evidence?${new URLSearchParams({ from, to })}`
  throw new UsageError('With --pack, set either --request, or both --from and --to.')
}

async function* limited(content: AsyncIterable<Uint8Array>) {
  let size = 0
  for await (const chunk of content) {
    size += chunk.length
    if (size > mostBytes) throw new UsageError('The server sent more than any evidence pack has.')
    yield chunk
  }
}

/** The file is there only once it is complete. It names people and their reasons, so that others on this machine can't read it. */
async function savePack(server: LogServer, path: string, file: string) {
  const incomplete = `${file}.incomplete`
  const content = await server.file(path)
  try {
    await pipeline(Readable.fromWeb(content), limited, createWriteStream(incomplete, { flags: 'wx', mode: 0o600 }))
    renameSync(incomplete, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(incomplete, { force: true })
    if (error instanceof UsageError) throw error
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  }
}

/** `postern log export` */
export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .description(
      'Print the whole log with its checkpoint as JSON Lines, or save an evidence pack, to verify it elsewhere. For auditors.',
    )
    .option('--pack <file>', 'save the evidence of a request or a period as a zip file instead')
    .option('--request <id>', 'the request, with --pack')
    .option('--from <time>', 'begin of the period, with --pack, such as 2026-11-01T00:00:00Z')
    .option('--to <time>', 'end of the period, which is not part of it')
    .addOption(serverOption())
    .addOption(tokenOption())
    .action(async (options: Options) => {
      const path = options.pack ? pathOfPack(options) : undefined
      const server = logServer(options)
      if (options.pack && path) await savePack(server, path, options.pack)
      else await exportLog(terminal, server)
    })
}
