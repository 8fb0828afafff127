import { buffer } from 'node:stream/consumers'
import yauzl, { type Entry, type ZipFile as ReadZip } from 'yauzl'
import { ZipFile } from 'yazl'

/** The files of a zip, in its order. */
export async function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
  const zip = await new Promise<ReadZip>((resolve, reject) =>
    yauzl.fromBuffer(bytes, { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened))),
  )
  const files = new Map<string, Buffer>()
  return new Promise((resolve, reject) => {
    zip.on('error', reject)
    zip.on('end', () => resolve(files))
    zip.on('entry', (entry: Entry) =>
      zip.openReadStream(entry, async (error, content) => {
        if (error) return reject(error)
        files.set(entry.fileName, await buffer(content))
        zip.readEntry()
      }),
    )
    zip.readEntry()
  })
}

export async function zipped(files: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const zip = new ZipFile()
  for (const [path, content] of files) zip.addBuffer(content, path)
  zip.end()
  return buffer(zip.outputStream)
}
