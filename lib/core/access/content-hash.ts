import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'

/**
 * `sha256:` and the hex SHA-256 of a JSON value in RFC 8785 canonical form. It is the key of stored policy versions.
 */
export const contentHash = (value: unknown): string =>
  `sha256:${createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex')}`
