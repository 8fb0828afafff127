import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { z } from 'zod'
import { savedEventsResource } from '#lib/core/access/activity-resource'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { fileErrorMessage } from '../file-error.ts'
import { serverOrigin } from '../server/address.ts'
import { fetchText } from '../server/read-response.ts'
import { plural, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { eventBatches } from './event-lines.ts'

type Options = { server?: string; cluster: string; tokenFile: string }

/** Less than the server accepts. */
const most = { events: 400, bytes: 4 * 1024 * 1024 }
const timeoutMs = 60_000

/** NB: not strict: a newer server may send more. */
const problem = z.object({ detail: z.string() })
const answer = z.object(savedEventsResource.shape)

/** The last token of the file: during a rotation, the new one. */
async function tokenIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  })
  const token = text.split('\n').findLast((line) => line.trim() !== '')
  if (token === undefined) throw new UsageError(`${file}: has no token.`)
  return token.trim()
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function send(url: URL, token: string, items: readonly unknown[]) {
  const { status, text } = await fetchText(
    url,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items }),
    },
    timeoutMs,
  )
  const saved = status === 200 ? answer.safeParse(jsonOf(text)).data : undefined
  if (saved) return saved
  const { detail = `${url.origin} responded with status ${status}.` } = problem.safeParse(jsonOf(text)).data ?? {}
  throw new CommandFailure(status === 401 ? exitCodes.notSignedIn : exitCodes.unreachable, detail)
}

async function importFiles(terminal: Terminal, files: readonly string[], options: Options) {
  if (!options.server) throw new UsageError('Set the URL of the Postern server with --server or POSTERN_SERVER.')
  const url = new URL(`/api/v1/clusters/${encodeURIComponent(options.cluster)}/audit`, serverOrigin(options.server))
  const token = await tokenIn(options.tokenFile)
  const total = { kept: 0, counted: 0, duplicates: 0, rejected: 0 }
  for (const file of files)
    for await (const events of eventBatches(file, most)) {
      const saved = await send(url, token, events)
      for (const key of Object.keys(total) as Array<keyof typeof total>) total[key] += saved[key]
    }
  const { kept, counted, duplicates, rejected } = total
  const events = kept + counted + duplicates + rejected
  terminal.stdout.write(
    `${plural(events, 'event')}: ${kept} kept, ${duplicates} known before, ${counted} counted, ${rejected} not readable\n`,
  )
}

/** `postern activity import` */
export function importCommand(terminal: Terminal): Command {
  return new Command('import')
    .description('Send audit log files of an API server to Postern. Sending them again has no effect.')
    .argument('<files...>', 'log files of kube-apiserver: JSON lines, also compressed by gzip')
    .requiredOption('--cluster <name>', 'the cluster, as postern.yaml names it')
    .requiredOption('--token-file <file>', 'the file with the token of the cluster (audit.tokenFile)')
    .addOption(new Option('--server <url>', 'URL of the Postern server').env('POSTERN_SERVER'))
    .action((files: string[], options: Options) => importFiles(terminal, files, options))
}
