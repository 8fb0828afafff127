// Reads the log from a Postern server.
import type { ReadableStream as WebStream } from 'node:stream/web'
import { z } from 'zod'
import { type LogEntries, logEntries } from '#lib/core/log/leaf'
import { type HashTile, pathOfTile } from '#lib/core/log/tiles'
import { serverOrigin } from '../server/address.ts'
import { bytesOf, fetchBytes, jsonOf, open } from '../server/read-response.ts'
import { UsageError } from '../usage-error.ts'
import type { ServerOptions } from './options.ts'

const problem = z.object({ detail: z.string() })

const timeoutMs = 60_000

const detailOf = (text: string): string | undefined => problem.safeParse(jsonOf(text)).data?.detail

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
  if (!server) throw new UsageError('Set the URL of the Postern server with --server or POSTERN_SERVER.')
  const origin = serverOrigin(server)
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  const unreadable = (error: Error) => {
    throw new UsageError(error.message)
  }
  const refused = (path: string, status: number, text: string) =>
    new UsageError(`${path}: ${detailOf(text) ?? `Postern responded with status ${status}.`}`)
  async function get(path: string): Promise<Buffer> {
    const { status, bytes } = await fetchBytes(new URL(path, origin), { headers }, timeoutMs).catch(unreadable)
    if (status !== 200) throw refused(path, status, bytes.toString())
    return bytes
  }
  async function page(from: number): Promise<LogEntries> {
    const parsed = logEntries.safeParse(jsonOf((await get(`/api/v1/log/entries?from=${from}`)).toString()))
    // NB: or else a server could send pages for ever.
    const { next = null, entries = [] } = parsed.data ?? {}
    if (!parsed.success || (next !== null && (next <= from || entries.length === 0)))
      throw new UsageError(`This version of postern doesn't support the response of ${origin}.`)
    return parsed.data
  }
  return {
    checkpoint: async () => (await get('/log/checkpoint')).toString(),
    tiles: async (tiles) => {
      const found = new Map<string, Buffer>()
      for (const tile of tiles) found.set(pathOfTile(tile), await get(`/log/${pathOfTile(tile)}`))
      return found
    },
    file: async (path) => {
      const response = await open(new URL(path, origin), { headers }).catch(unreadable)
      if (response.status === 200 && response.body) return response.body as WebStream<Uint8Array>
      throw refused(path, response.status, (await bytesOf(response, origin).catch(unreadable)).toString())
    },
    entries: async function* () {
      for (let from: number | null = 0; from !== null; ) {
        const one: LogEntries = await page(from)
        yield one
        from = one.next
      }
    },
  }
}
