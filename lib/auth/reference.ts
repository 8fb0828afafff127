import { randomBytes } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Ten characters of Crockford base32: short enough to read out on the telephone, 50 bits against collisions. */
export const newReference = (): string => [...randomBytes(10)].map((byte) => alphabet[byte & 31]).join('')
