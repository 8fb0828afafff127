/** The code of a file that is not UTF-8. */
export const notUtf8 = 'ERR_ENCODING_INVALID_ENCODED_DATA'

const messages: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  ELOOP: 'too many levels of symbolic links',
  EISDIR: 'is a directory',
  EROFS: 'the file system is read-only',
  [notUtf8]: 'not valid UTF-8',
}

/** Why a file could not be read or written, for a message such as `a.yaml: permission denied`. */
export function fileErrorMessage(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  return messages[code] ?? code
}
