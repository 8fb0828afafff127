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

/** Characters. An event with all bodies of a large list has fewer. */
const longestLine = 64 * 1024 * 1024
/** Characters of a line above which its bodies are left out: the server keeps none that is longer. */
const longWithBodies = 256 * 1024
/** The part of an unreadable line that is sent. NB: a copy, because a slice would keep the whole line in memory. */
const startOf = (line: string): string => Buffer.from(line.slice(0, 200)).toString()

/** An event, or the beginning of the line if it is not JSON or too long: the server counts it, and keeps it aside. */
function eventOf(line: string, mostBytes: number): unknown {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return startOf(line)
  }
  if (line.length <= longWithBodies) return event
  const { requestObject: _, responseObject: __, ...rest } = Object(event) as Record<string, unknown>
  return Buffer.byteLength(JSON.stringify(rest)) > mostBytes ? startOf(line) : rest
}

/** The lines of a text. One that is longer than any event is cut off, so that a file can't fill the memory. */
async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  let isCut = false
  for await (const piece of pieces) {
    // NB: `node:readline` also splits at U+2028, which JSON text may contain. A line of many pieces is split once, not with each.
    if (!isCut) rest += piece
    if (piece.includes('\n')) {
      const lines = (isCut ? rest + piece.slice(piece.indexOf('\n')) : rest).split('\n')
      rest = lines.pop() ?? ''
      isCut = false
      yield* lines
    }
    if (rest.length > longestLine) {
      rest = startOf(rest)
      isCut = true
    }
  }
  yield rest
}

/**
 * The events of a file in batches of at most so many events and bytes.
 * @throws UsageError if the file can't be read to its end
 */
export async function* eventBatches(file: string, most: { events: number; bytes: number }): AsyncGenerator<unknown[]> {
  let batch: unknown[] = []
  let bytes = 0
  try {
    for await (const line of linesOf(await textOf(file))) {
      if (line.trim() === '') continue
      const event = eventOf(line, most.bytes)
      const size = Buffer.byteLength(line.length > longWithBodies ? JSON.stringify(event) : line)
      if (batch.length >= most.events || (batch.length > 0 && bytes + size > most.bytes)) {
        yield batch
        batch = []
        bytes = 0
      }
      batch.push(event)
      bytes += size
    }
  } catch (error) {
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  }
  if (batch.length > 0) yield batch
}
