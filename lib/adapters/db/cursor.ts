import { AppError } from '#lib/core/access/errors'
import { type IdKind, idSchema } from '#lib/core/access/ids'

// A cursor names the last row of a page; the next page begins after it, whatever was added meanwhile. To callers it is
// an opaque word, so that its content can change without breaking anybody.

const badCursor = () =>
  new AppError('malformed', 'The cursor is not one that a list gave.', {
    errors: [{ pointer: 'cursor', message: 'must be the nextCursor of an earlier page, unchanged' }],
  })

export const toCursor = (key: string): string => Buffer.from(key).toString('base64url')

const decode = (cursor: string) => Buffer.from(cursor, 'base64url').toString()

/** The id that a cursor names. @throws AppError `malformed` */
export function idOfCursor(kind: IdKind, cursor: string | undefined): string | null {
  if (cursor === undefined) return null
  const key = decode(cursor)
  if (!idSchema(kind).safeParse(key).success) throw badCursor()
  return key
}

/** The sequence number that a cursor names. @throws AppError `malformed` */
export function numberOfCursor(cursor: string | undefined): bigint | null {
  if (cursor === undefined) return null
  const key = decode(cursor)
  // Nineteen digits would not all fit into PostgreSQL's bigint.
  if (!/^\d{1,18}$/.test(key)) throw badCursor()
  return BigInt(key)
}

/** How many rows a page has: 50 unless said otherwise, at most 100. */
export const pageSize = (limit: number | undefined): number => Math.min(Math.max(Math.trunc(limit ?? 50), 1), 100)

/** A page of what was found, of which one more than `size` was asked for, to know whether there is more. */
export function toPage<T>(found: readonly T[], size: number, keyOf: (item: T) => string) {
  const items = found.slice(0, size)
  const last = items.at(-1)
  return { items, nextCursor: found.length > size && last ? toCursor(keyOf(last)) : null }
}
