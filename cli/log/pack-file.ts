// Reads an evidence pack. Its bytes are hostile until they are verified.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import type { Readable } from 'node:stream'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { fileErrorMessage } from '../file-error.ts'
import { UsageError } from '../usage-error.ts'

/** Far more than any pack has: 50,000 events, and what they name. */
const mostFiles = 100_000
export const mostBytes = 2 ** 30
/** Bytes of a file that is read at once. */
const mostInMemory = 256 * 1024 * 1024

/** Characters: the longest event has far less. */
const longestLine = 16 * 1024 * 1024

/** Bytes that are not UTF-8 are not what Postern wrote, and must not pass for the character that usually replaces them. */
const utf8 = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export type PackFile = {
  paths: readonly string[]
  /** @throws UsageError if it is larger than any of a pack */
  text(path: string): Promise<string>
  digest(path: string): Promise<{ bytes: number; sha256: string }>
  /** The lines of a file, without their ends. */
  lines(path: string): AsyncGenerator<string>
  close(): void
}

/** Does the file begin as a zip does? */
export function isZip(file: string): boolean {
  const start = Buffer.alloc(4)
  let open: number | undefined
  try {
    open = openSync(file, 'r')
    readSync(open, start)
  } catch (error) {
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  } finally {
    if (open !== undefined) closeSync(open)
  }
  return start.toString('latin1') === 'PK\x03\x04'
}

const openZip = (file: string): Promise<ZipFile> =>
  new Promise((resolve, reject) =>
    yauzl.open(file, { lazyEntries: true, autoClose: false, strictFileNames: true }, (error, zip) =>
      error ? reject(error) : resolve(zip),
    ),
  )

const entriesOf = (zip: ZipFile): Promise<Map<string, Entry>> =>
  new Promise((resolve, reject) => {
    const found = new Map<string, Entry>()
    let bytes = 0
    zip.on('error', reject)
    zip.on('end', () => resolve(found))
    zip.on('entry', (entry: Entry) => {
      bytes += entry.uncompressedSize
      if (found.has(entry.fileName))
        return reject(new Error(`it has two files named ${JSON.stringify(entry.fileName)}`))
      if (found.size >= mostFiles || bytes > mostBytes) return reject(new Error('it is larger than any evidence pack'))
      found.set(entry.fileName, entry)
      zip.readEntry()
    })
    zip.readEntry()
  })

/** @throws UsageError if it is not a zip that can be read */
export async function openPack(file: string): Promise<PackFile> {
  const refuse = (error: unknown): never => {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
  const zip = await openZip(file).catch(refuse)
  const entries = await entriesOf(zip).catch(refuse)
  const stream = (path: string) =>
    new Promise<Readable>((resolve, reject) => {
      const entry = entries.get(path)
      if (!entry) return reject(new Error(`it has no ${path}`))
      zip.openReadStream(entry, (error, content) => (error ? reject(error) : resolve(content)))
    }).catch(refuse)
  async function text(path: string): Promise<string> {
    if ((entries.get(path)?.uncompressedSize ?? 0) > mostInMemory) refuse(new Error(`${path} is too large`))
    const pieces: Buffer[] = []
    try {
      for await (const piece of await stream(path)) pieces.push(piece as Buffer)
      return utf8().decode(Buffer.concat(pieces))
    } catch (error) {
      return refuse(error instanceof TypeError ? new Error(`${path} is not UTF-8 text`) : error)
    }
  }
  return {
    paths: [...entries.keys()],
    text,
    digest: async (path) => {
      const hash = createHash('sha256')
      let bytes = 0
      try {
        for await (const piece of await stream(path)) {
          hash.update(piece as Buffer)
          bytes += (piece as Buffer).length
        }
      } catch (error) {
        refuse(error)
      }
      return { bytes, sha256: hash.digest('hex') }
    },
    lines: async function* (path) {
      const decoder = utf8()
      let rest = ''
      try {
        for await (const piece of await stream(path)) {
          const text = decoder.decode(piece as Buffer, { stream: true })
          rest += text
          // NB: a line of many pieces is split once, not with each of them.
          if (text.includes('\n')) {
            const lines = rest.split('\n')
            rest = lines.pop() ?? ''
            yield* lines
          }
          if (rest.length > longestLine) throw new Error(`${path} has a line that is longer than any of a pack`)
        }
        decoder.decode()
      } catch (error) {
        refuse(error instanceof TypeError ? new Error(`${path} is not UTF-8 text`) : error)
      }
      if (rest) refuse(new Error(`${path} was cut off`))
    },
    close: () => zip.close(),
  }
}
