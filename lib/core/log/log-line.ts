import { z } from 'zod'
import { logEntry } from './leaf.ts'

/** A line of an exported log (JSON Lines). The first has the checkpoint, and the entries follow in order. */
export const logLine = z.union([
  z.strictObject({ checkpoint: z.string() }),
  z.strictObject({ entry: logEntry }),
  /** An event that is in the history, and not in the log. */
  z.strictObject({ withoutLeaf: z.string() }),
])
export type LogLine = z.infer<typeof logLine>
