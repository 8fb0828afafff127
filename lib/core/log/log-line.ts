import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { z } from 'zod'
import { logEntry } from './leaf.ts'

/**
 * A line of an exported log or of the evidence of a request (JSON Lines). The first has the checkpoint. In a whole log the entries
 * follow in order; in evidence each has its inclusion proof.
 */
export const logLine = z.union([
  z.strictObject({ checkpoint: z.string() }),
  /** A policy version that an event names, and its document. */
  z.strictObject({ policy: z.string(), document: z.unknown() }),
  z.strictObject({ entry: logEntry, proof: z.array(z.string()).max(64).optional() }),
  /** An event that is in the history, and not in the log. */
  z.strictObject({ withoutLeaf: z.string() }),
  /** An event that is too new to be in the checkpoint. */
  z.strictObject({ later: z.string() }),
])
export type LogLine = z.infer<typeof logLine>

/** Is this the policy of that version? A version is the hash of its document. */
export const isPolicyOf = (version: string, document: unknown): boolean =>
  `sha256:${createHash('sha256')
    .update(canonicalize(document) ?? '')
    .digest('hex')}` === version
