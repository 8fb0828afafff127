// Reads the log from a Postern server.
import type { ReadableStream as WebStream } from 'node:stream/web'
import { z } from 'zod'
import { type LogEntries, logEntries } from '#lib/core/log/leaf'
import { type HashTile, pathOfTile } from '#lib/core/log/tiles'
import { UsageError } from '../usage-error.ts'
import type { ServerOptions } from './options.ts'

const problem = z.object({ detail: z.string() })

const timeoutMs = 60_000
/** Far more than any file of the log has. */
const mostBytes = 64 * 1024 * 1024

function baseOf(server: string | undefined): URL {
  if (!server) throw new UsageError('Set the URL of the Postern server with --server or POSTERN_SERVER.')
  if (!URL.canParse(server)) throw new UsageError(`${server} is not a valid URL.`)
  const url = new URL(server)
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  // NB: the token is sent over this connection.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal))
    throw new UsageError(`${url.origin} must use https. Plain http is allowed for localhost only.`)
  return url
}

function detailOf(text: string): string | undefined {
  try {
    return problem.safeParse(JSON.parse(text)).data?.detail
  } catch {
    return undefined
  }
}

export type LogServer = {
  checkpoint(): Promise<string>
  tiles(tiles: readonly HashTile[]): Promise<Map<string, Buffer>>
  /** A file of any size, for auditors. */
  file(path: string): Promise<WebStream<Uint8Array>>
  /** Every page of entries, for auditors. */
  entries(): AsyncGenerator<LogEntries>
}

/** @throws UsageError if the server can't be reached or refuses; the message never has the token */
export function logServer({ server, token }: ServerOptions): LogServer {
  const base = baseOf(server)
  const call = (path: string, signal?: AbortSignal) =>
    fetch(new URL(path, base), {
      redirect: 'error',
      headers: token ? { authorization: `Bearer ${token}` } : {},
      ...(signal ? { signal } : {}),
    })
  const refused = (path: string, response: Response, text: string) =>
    new UsageError(`${path}: ${detailOf(text) ?? `Postern responded with status ${response.status}.`}`)
  async function reaching<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof UsageError) throw error
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
      throw new UsageError(`Can't reach ${base.origin}${cause}.`)
    }
  }
  const get = (path: string): Promise<Buffer> =>
    reaching(async () => {
      const response = await call(path, AbortSignal.timeout(timeoutMs))
      const bytes = Buffer.from(await response.arrayBuffer())
      if (bytes.length > mostBytes) throw new UsageError(`The response of ${base.origin} to ${path} is too large.`)
      if (!response.ok) throw refused(path, response, bytes.toString())
      return bytes
    })
  async function page(from: number): Promise<LogEntries> {
    const text = (await get(`/api/v1/log/entries?from=${from}`)).toString()
    const parsed = logEntries.safeParse(JSON.parse(text))
    if (!parsed.success) throw new UsageError(`This version of postern doesn't support the response of ${base.origin}.`)
    return parsed.data
  }
  return {
    checkpoint: async () => (await get('/log/checkpoint')).toString(),
    tiles: async (tiles) => {
      const found = new Map<string, Buffer>()
      for (const tile of tiles) found.set(pathOfTile(tile), await get(`/log/${pathOfTile(tile)}`))
      return found
    },
    file: (path) =>
      reaching(async () => {
        const response = await call(path)
        if (!response.ok || !response.body) throw refused(path, response, await response.text())
        return response.body as WebStream<Uint8Array>
      }),
    entries: async function* () {
      for (let from: number | null = 0; from !== null; ) {
        const one: LogEntries = await page(from)
        yield one
        from = one.next
      }
    },
  }
}
