import { randomBytes } from 'node:crypto'
import { type Id, type IdKind, makeId } from '#lib/core/access/ids'

/** A new id of the given kind. `now` only orders ids of one kind, so the process's own clock is sufficient. */
export const newId = <K extends IdKind>(kind: K, now: Date = new Date()): Id<K> => makeId(kind, now, randomBytes(10))
