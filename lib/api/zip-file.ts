import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { ZipFile } from 'yazl'

/** A file of the zip. Its pieces are read to their end before the next file. */
export type ZippedFile = { path: string; pieces: AsyncIterable<string> | Iterable<string> }

/** The same files make the same zip. NB: a zip has the local time of its machine, and no time zone. */
const options = { mtime: new Date(1980, 0, 1), mode: 0o100644, forceDosTimestamp: true }

/** A zip of files that are made while it is sent. The next piece of a file is made once the reader has taken those before. */
export async function* zipPieces(files: AsyncIterable<ZippedFile>): AsyncGenerator<Uint8Array> {
  const zip = new ZipFile()
  const output = zip.outputStream as Readable
  const stop = new AbortController()
  const fail = (error: unknown) => output.destroy(error instanceof Error ? error : new Error(String(error)))
  zip.on('error', fail)
  async function write() {
    for await (const { path, pieces } of files) {
      const content = Readable.from(pieces, { objectMode: false, highWaterMark: 16_384, signal: stop.signal })
      zip.addReadStream(content, path, options)
      await finished(content)
    }
    zip.end()
  }
  const writing = write().catch(fail)
  try {
    for await (const piece of output) yield piece as Uint8Array
  } finally {
    // The reader may have left before the end.
    stop.abort()
    output.destroy()
    await writing
  }
}
