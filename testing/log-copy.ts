import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { logSize } from '#lib/adapters/db/log/read-log'
import type { PersonActor } from '#lib/core/access/actor'
import { readCheckpoint } from '#lib/core/log/checkpoint'
import { pathOfTile, type Tile, tileWidth, widthAt } from '#lib/core/log/tiles'
import { logEntries } from '#lib/views/log-entries'
import { logCheckpoint, logTile } from '#lib/views/log-files'

function* tilesOf(size: number): Generator<Tile> {
  for (const level of ['entries', 0, 1] as const)
    for (let index = 0; ; index += 1) {
      const width = widthAt(size, { level, index })
      if (width > 0) yield { level, index, width }
      if (width < tileWidth) break
    }
}

/** Writes what the log serves to an auditor into a folder, as any mirror could. */
export async function copyLog(auditor: PersonActor, folder: string): Promise<void> {
  const checkpoint = await logCheckpoint(auditor)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'checkpoint'), checkpoint)
  for (const tile of tilesOf(readCheckpoint(checkpoint).size)) {
    const path = join(folder, pathOfTile(tile))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, await logTile(auditor, pathOfTile(tile)))
  }
}

/** The lines of `postern log export`. */
export async function exportedLog(auditor: PersonActor): Promise<object[]> {
  const lines: object[] = [{ checkpoint: await logCheckpoint(auditor) }]
  for (let from = 0; from < Math.max(1, await logSize()); from += tileWidth) {
    const { entries, withoutLeaf } = await logEntries(auditor, from)
    lines.push(...entries.map((entry) => ({ entry })), ...withoutLeaf.map((id) => ({ withoutLeaf: id })))
  }
  return lines
}

/** Serves the log over HTTP, to the caller whom `readerOf` finds by the Authorization header. */
export async function servedLog(
  readerOf: (authorization: string | undefined) => PersonActor | null,
): Promise<{ url: string; stop(): void }> {
  const server = createServer(async ({ url = '', headers }, response) => {
    const reader = readerOf(headers.authorization)
    try {
      const { pathname, searchParams } = new URL(url, 'http://localhost')
      if (pathname === '/log/checkpoint') return void response.end(await logCheckpoint(reader))
      if (pathname.startsWith('/log/tile/'))
        return void response.end(await logTile(reader, pathname.slice('/log/'.length)))
      if (!reader) throw new Error('nobody')
      response.end(JSON.stringify(await logEntries(reader, Number(searchParams.get('from')))))
    } catch {
      response.writeHead(404).end('{}')
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => server.close() }
}
