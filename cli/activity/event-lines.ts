// Reads audit logs of kube-apiserver: one event of JSON in each line, also compressed by gzip.
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { fileErrorMessage } from '../file-error.ts'
import { UsageError } from '../usage-error.ts'

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return buffer.readUInt16BE(0) === 0x1f8b
  } finally {
    await handle.close()
  }
}

async function textOf(file: string): Promise<Readable> {
  if (!(await isGzip(file))) return createReadStream(file, 'utf8')
  const bytes = createReadStream(file)
  const text = createGunzip()
  bytes.on('error', (error) => text.destroy(error))
  return bytes.pipe(text).setEncoding('utf8')
}

/** An event, or the line itself if it is not JSON: the server counts it, and keeps it aside. */
function eventOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return line.slice(0, 200)
  }
}

/** A batch of at most `most` events. `bytes` is about its size. */
type Batch = { events: unknown[]; bytes: number }

/**
 * The events of a file in batches.
 * @throws UsageError if the file can't be read to its end
 */
export async function* eventBatches(file: string, most: { events: number; bytes: number }): AsyncGenerator<unknown[]> {
  let batch: Batch = { events: [], bytes: 0 }
  let rest = ''
  const take = (lines: readonly string[]): Batch[] => {
    const full: Batch[] = []
    for (const line of lines) {
      if (line.trim() === '') continue
      if (batch.events.length >= most.events || (batch.events.length > 0 && batch.bytes + line.length > most.bytes)) {
        full.push(batch)
        batch = { events: [], bytes: 0 }
      }
      batch.events.push(eventOf(line))
      batch.bytes += line.length
    }
    return full
  }
  try {
    for await (const chunk of await textOf(file)) {
      // NB: `node:readline` also splits at U+2028, which JSON text may contain.
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const { events } of take(lines)) yield events
    }
  } catch (error) {
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  }
  for (const { events } of take([rest])) yield events
  if (batch.events.length > 0) yield batch.events
}
