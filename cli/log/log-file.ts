// An exported log: JSON Lines. The first line has the checkpoint, and each other line an entry, or the ID of an event that is
// in the history and not in the log.
import { createReadStream } from 'node:fs'
import { z } from 'zod'
import { logEntry } from '#lib/core/log/leaf'
import { fileErrorMessage } from '../file-error.ts'
import { UsageError } from '../usage-error.ts'

const line = z.union([
  z.strictObject({ checkpoint: z.string() }),
  z.strictObject({ withoutLeaf: z.string() }),
  z.strictObject({ entry: logEntry }),
])
export type LogLine = z.infer<typeof line>

/** NB: `node:readline` also splits at U+2028, which JSON text may contain. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest) yield rest
}

/** @throws UsageError for a file that can't be read, with the number of a line that is not one of an export */
export async function* readLog(file: string): AsyncGenerator<LogLine> {
  let number = 0
  try {
    for await (const text of linesOf(file)) {
      number += 1
      const parsed = line.safeParse(JSON.parse(text))
      if (!parsed.success) throw new UsageError(`${file}:${number}: is not a line of an exported log.`)
      yield parsed.data
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof SyntaxError) throw new UsageError(`${file}:${number}: is not valid JSON.`)
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  }
}
