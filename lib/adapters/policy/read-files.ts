// Reads postern.yaml and its calendars from the file system.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type ParsedConfiguration, readConfiguration } from './parse.ts'

/** The content of the files; null for one that could not be read. Calendars are keyed by their names as written. */
export type Texts = { configuration: string | null; calendars: ReadonlyMap<string, string | null> }

const utf8 = (bytes: Buffer) => new TextDecoder('utf-8', { fatal: true }).decode(bytes)

/** Relative calendar paths start at the folder of the configuration. */
async function readCalendars(path: string, names: Iterable<string>): Promise<Texts['calendars']> {
  const read = async (name: string): Promise<[string, string | null]> => {
    try {
      return [name, utf8(await readFile(resolve(dirname(path), name)))]
    } catch {
      return [name, null]
    }
  }
  return new Map(await Promise.all([...names].map(read)))
}

const isSameCalendars = (a: Texts['calendars'], b: Texts['calendars']) =>
  a.size === b.size && [...a].every(([name, text]) => b.get(name) === text)

export type ReadPolicy = { texts: Texts; result: ParsedConfiguration }

/** Reads and validates all files; undefined if nothing has changed since `before`. */
export async function readPolicyFiles(path: string, before?: Texts): Promise<ReadPolicy | undefined> {
  try {
    const text = utf8(await readFile(path))
    if (before?.configuration === text) {
      const calendars = await readCalendars(path, before.calendars.keys())
      if (isSameCalendars(calendars, before.calendars)) return undefined
    }
    const configuration = readConfiguration(text, path)
    const calendars = await readCalendars(path, configuration.calendars)
    const readable = [...calendars].filter((entry): entry is [string, string] => entry[1] !== null)
    return { texts: { configuration: text, calendars }, result: configuration.settle(new Map(readable)) }
  } catch (error) {
    // An unreadable file has no text to compare, but its problem is reported only once as well.
    if (before?.configuration === null) return undefined
    const code = (error as NodeJS.ErrnoException).code
    const message = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'must be UTF-8' : `cannot be read (${code})`
    const problems = [{ file: path, line: 1, column: 1, path: '', message }]
    return { texts: { configuration: null, calendars: new Map() }, result: { ok: false, problems } }
  }
}
