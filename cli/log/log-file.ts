// Reads an exported log.
import { createReadStream } from 'node:fs'
import { type LogLine, logLine } from '#lib/core/log/log-line'
import { fileErrorMessage } from '../file-error.ts'
import { UsageError } from '../usage-error.ts'

/** Characters: the longest event has far less. */
const longestLine = 16 * 1024 * 1024

/** NB: `node:readline` also splits at U+2028, which JSON text may contain. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > longestLine) throw new UsageError(`${file}: a line is longer than any of an exported log.`)
  }
  if (rest) yield rest
}

/** @throws UsageError for a file that can't be read, with the number of a line that is not one of an export */
export async function* readLog(file: string): AsyncGenerator<LogLine> {
  let number = 0
  try {
    for await (const text of linesOf(file)) {
      number += 1
      const parsed = logLine.safeParse(JSON.parse(text))
      if (!parsed.success) throw new UsageError(`${file}:${number}: is not a line of an exported log.`)
      yield parsed.data
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof SyntaxError) throw new UsageError(`${file}:${number}: is not valid JSON.`)
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  }
}
