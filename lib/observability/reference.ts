import { randomBytes } from 'node:crypto'
import { makeId } from '#lib/core/access/ids'

/**
 * A new reference that the log lines, the error response and the audit events of one call share: ten characters that
 * can be read out over the phone (Crockford base32).
 */
export const newReference = (): string => makeId('event', new Date(), randomBytes(10)).slice(-10)
