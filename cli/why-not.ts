/** A file that is no text. */
export const notUtf8 = 'ERR_ENCODING_INVALID_ENCODED_DATA'

const messages: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'may not be read',
  ELOOP: 'is a symbolic link that leads back to itself',
  EISDIR: 'is a folder',
  [notUtf8]: 'must be UTF-8',
}

/** Why a file could not be read, in words. */
export function whyNot(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return messages[code] ?? `cannot be read (${code || 'unknown'})`
}
