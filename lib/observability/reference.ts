import { randomBytes } from 'node:crypto'
import { makeId } from '#lib/core/access/ids'

/**
 * A new reference that a log line, an error answer and an audit event of one call share: ten characters that can be read
 * out over a telephone (Crockford base32).
 */
export const newReference = (): string => makeId('event', new Date(), randomBytes(10)).slice(-10)
