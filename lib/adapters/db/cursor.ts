import { AppError } from '#lib/core/access/errors'
import { type IdKind, idSchema } from '#lib/core/access/ids'

// A cursor is the id of the last row of a page; the next page starts after it, even if rows were added in between. The
// caller has read that id: a sequence number would reveal how many events there are.

const badCursor = () =>
  new AppError('malformed', 'The cursor is invalid. Send the nextCursor of an earlier page, unchanged.', {
    errors: [{ pointer: 'cursor', message: 'must be the nextCursor of an earlier page, unchanged' }],
  })

/** The id in a cursor. @throws AppError `malformed` */
export function idOfCursor(kind: IdKind, cursor: string | undefined): string | null {
  if (cursor === undefined) return null
  if (!idSchema(kind).safeParse(cursor).success) throw badCursor()
  return cursor
}

/** The number of rows of a page: 50 by default, at most 100. */
export const pageSize = (limit: number | undefined): number => Math.min(Math.max(Math.trunc(limit ?? 50), 1), 100)

/** The page for rows that were queried with a limit of `size` + 1, which shows whether there is another page. */
export function toPage<T>(found: readonly T[], size: number, keyOf: (item: T) => string) {
  const items = found.slice(0, size)
  const last = items.at(-1)
  return { items, nextCursor: found.length > size && last ? keyOf(last) : null }
}
