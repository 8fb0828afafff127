import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Command } from 'commander'
import { z } from 'zod'
import { auditImportResource, savedEventsResource } from '#lib/core/access/activity-resource'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { fileErrorMessage } from '../file-error.ts'
import { fetchText } from '../server/read-response.ts'
import { plural, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { eventBatches } from './event-lines.ts'

type Options = ServerOptions & { cluster: string; tokenFile: string }

/** Less than the server accepts. */
const most = { events: 400, bytes: 4 * 1024 * 1024 }
const timeoutMs = 60_000

/** NB: not strict: a newer server may send more. */
const problem = z.object({ detail: z.string() })
const answer = z.object(savedEventsResource.shape)
const started = z.object(auditImportResource.shape)

type Counts = { kept: number; counted: number; duplicates: number; rejected: number }
type Total = Counts & { from: string | null; to: string | null }

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

/** The name of a file for the record: what the server accepts of it. */
const nameOf = (file: string) => basename(file).replaceAll(/\p{C}/gu, '\ufffd').slice(0, 200).toWellFormed()

const wordsOf = ({ kept, counted, duplicates, rejected }: Counts) =>
  `${plural(kept + counted + duplicates + rejected, 'event')}: ${kept} kept, ${duplicates} known before, ${counted} counted, ${rejected} not readable`

/** Times of RFC 3339 in UTC sort as texts. */
const earliest = (a: string | null, b: string | null) => (a === null || (b !== null && b < a) ? b : a)
const latest = (a: string | null, b: string | null) => (a === null || (b !== null && b > a) ? b : a)

async function importFiles(terminal: Terminal, files: readonly string[], options: Options) {
  const token = await tokenIn(options.tokenFile)
  const api = await openApi(terminal, options)
  const cluster = `/clusters/${encodeURIComponent(options.cluster)}`
  for (const file of files) {
    let importId: string | undefined
    const total: Total = { kept: 0, counted: 0, duplicates: 0, rejected: 0, from: null, to: null }
    for await (const events of eventBatches(file, most)) {
      importId ??= (
        await api.call({
          ...{ path: `${cluster}/audit-imports`, body: { file: nameOf(file) }, isKeyed: true, response: started },
        })
      ).id
      const url = new URL(`/api/v1${cluster}/audit?import=${importId}`, api.session.server)
      const saved = await send(url, token, events)
      for (const key of ['kept', 'counted', 'duplicates', 'rejected'] as const) total[key] += saved[key]
      total.from = earliest(total.from, saved.keptFrom)
      total.to = latest(total.to, saved.keptTo)
    }
    terminal.stdout.write(`${file}: ${wordsOf(total)}\n`)
    if (total.from !== null)
      terminal.stdout.write(
        `${plural(total.kept, 'event')} had not arrived in Postern before, of calls between ${total.from} and ${total.to}. ` +
          'Activity shows them as a gap that this import filled.\n',
      )
  }
}

/** `postern activity import` */
export function importCommand(terminal: Terminal): Command {
  return new Command('import')
    .description(
      'Send audit log files of an API server to Postern, as an admin. Prints which events had not arrived before. Sending them again has no effect.',
    )
    .argument('<files...>', 'log files of kube-apiserver: JSON lines, also compressed by gzip')
    .requiredOption('--cluster <name>', 'the cluster, as postern.yaml names it')
    .requiredOption('--token-file <file>', 'the file with the token of the cluster (audit.tokenFile)')
    .addOption(serverOption())
    .addOption(contextOption())
    .action((files: string[], options: Options) => importFiles(terminal, files, options))
}
