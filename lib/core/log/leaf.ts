// The leaf of an audit event: what the log commits to. docs/evidence.md describes it field by field; the first released
// format never changes, and another one gets another `v`.
import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { z } from 'zod'
import { leafHash } from './tree.ts'

const text = z.string()
const optional = text.nullable()

/** An event exactly as the database has it. Times have microseconds, because a changed one must be found. */
export const recordedEvent = z
  .strictObject({
    ...{ seq: z.int(), id: text, at: text, type: text },
    ...{ actorKind: text, actorId: optional, actorIssuer: optional, actorSubject: optional },
    ...{ actorName: text, actorEmail: optional, via: text, clientAddress: optional, reference: text },
    ...{ requestId: optional, grantId: optional, aboutId: optional, cluster: optional, namespaces: z.array(text) },
    ...{ policyHash: optional, data: z.unknown(), before: z.unknown(), after: z.unknown() },
  })
  .meta({ id: 'RecordedEvent' })
export type RecordedEvent = z.infer<typeof recordedEvent>

/** What can name a person or contain free text. A leaf has only salted hashes of it, so that it could be erased later. */
const hidden = ['actorSubject', 'actorName', 'actorEmail', 'clientAddress', 'data', 'before', 'after'] as const

/** RFC 8785. Absent values are null, as they are in a JSON document. */
const canonical = (value: unknown): string => canonicalize(JSON.parse(JSON.stringify(value ?? null))) ?? 'null'

/** Bytes of a block of SHA-256. */
const blockSize = 64

/**
 * HMAC-SHA-256 (RFC 2104). An event takes fourteen of them, most with a key of its own, and `createHmac` makes an object of each
 * key, which takes five times as long as the hashes.
 */
export function mac(secret: Buffer, message: string): Buffer {
  const key = secret.length > blockSize ? hash('sha256', secret, 'buffer') : secret
  const text = Buffer.from(message)
  const inner = Buffer.alloc(blockSize + text.length, 0x36)
  const outer = Buffer.alloc(blockSize + 32, 0x5c)
  for (const [index, byte] of key.entries()) {
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  }
  text.copy(inner, blockSize)
  hash('sha256', inner, 'buffer').copy(outer, blockSize)
  return hash('sha256', outer, 'buffer')
}

/** Each field has a key of its own, so that the salt can be replaced by the keys of the fields that are kept. */
const commitment = (salt: Buffer, field: string, value: unknown): string =>
  mac(mac(salt, field), canonical(value)).toString('hex')

/** The text of a leaf. @param salt random bytes that belong to this event alone */
export function leafOf(event: RecordedEvent, salt: Buffer): string {
  const { actorSubject, actorName, actorEmail, clientAddress, data, before, after, ...open } = event
  const values = { actorSubject, actorName, actorEmail, clientAddress, data, before, after }
  const salted = Object.fromEntries(hidden.map((field) => [field, commitment(salt, field, values[field])]))
  return canonical({ v: 1, ...open, salted })
}

export const hashOfEvent = (event: RecordedEvent, salt: Buffer): Buffer => leafHash(leafOf(event, salt))

/** A leaf with what it was made of, as the API and evidence packs have it. */
export const logEntry = z
  .strictObject({
    index: z.int().min(0).meta({ description: 'The place in the log, from 0.' }),
    seq: z.int(),
    hash: text.meta({ description: 'The stored hash of the leaf, in base64.' }),
    salt: text.meta({ description: 'In base64.' }),
    event: recordedEvent.nullable().meta({ description: 'Null if the event is no longer there.' }),
  })
  .meta({ id: 'LogEntry' })
export type LogEntry = z.infer<typeof logEntry>

export const logEntries = z
  .strictObject({
    size: z.int().meta({ description: 'The number of leaves.' }),
    entries: z.array(logEntry),
    withoutLeaf: z
      .array(text)
      .meta({ description: 'Events between these that are in the history, but not in the log.' }),
    next: z.int().nullable().meta({ description: '`from` of the next page; null on the last one.' }),
  })
  .meta({ id: 'LogEntries' })
export type LogEntries = z.infer<typeof logEntries>
