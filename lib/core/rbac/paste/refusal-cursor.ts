// Reads the parts of a sentence of the API server: words, quoted texts, and what is left of them in a damaged text.

/** The longest quoted text that is read. Names have at most 253 characters; user names may have more. */
export const maxQuoted = 1024

/** A position in a text. A reader moves it on, or leaves it and returns undefined where it finds something else. */
export type Cursor = { text: string; at: number }

const isSpace = (char: string | undefined) => char === ' ' || char === '\n' || char === '\t' || char === '\r'

export function skipSpace(cursor: Cursor) {
  while (isSpace(cursor.text[cursor.at])) cursor.at++
}

/** These words in this order. The space between them may be missing where a line was broken. */
export function phrase(cursor: Cursor, ...words: string[]): boolean {
  const start = cursor.at
  for (const word of words) {
    skipSpace(cursor)
    if (!cursor.text.startsWith(word, cursor.at)) {
      cursor.at = start
      return false
    }
    cursor.at += word.length
  }
  return true
}

/** A text in Go's double quotes (`%q`), or in the single quotes that someone wrote instead. */
export function quoted(cursor: Cursor): string | undefined {
  const start = cursor.at
  skipSpace(cursor)
  const quote = cursor.text[cursor.at]
  if (quote === '"' || quote === "'") {
    let value = ''
    for (let at = cursor.at + 1; at < Math.min(cursor.text.length, cursor.at + maxQuoted); at++) {
      const char = cursor.text[at] ?? ''
      if (char === quote) {
        cursor.at = at + 1
        return value
      }
      if (char === '\\') at++
      value += cursor.text[at] ?? ''
    }
  }
  cursor.at = start
  return undefined
}

/** A run of the characters that verbs and resources consist of. */
export function bare(cursor: Cursor): string {
  skipSpace(cursor)
  const start = cursor.at
  while (cursor.at - start < 512 && /[A-Za-z0-9.:*/-]/.test(cursor.text[cursor.at] ?? '')) cursor.at++
  return cursor.text.slice(start, cursor.at)
}

/** A run of such characters with or without any of its quotation marks. */
export function loose(cursor: Cursor): string {
  skipSpace(cursor)
  if (/["'`]/.test(cursor.text[cursor.at] ?? '')) cursor.at++
  const value = bare(cursor)
  if (/["'`]/.test(cursor.text[cursor.at] ?? '')) cursor.at++
  return value
}

/** The position of the unescaped quotation mark that opens the text before `end`, where another one stands; -1 for none. */
export function openingQuote(text: string, end: number): number {
  for (let at = end - 1; at >= Math.max(0, end - maxQuoted); at--) {
    if (text[at] === text[end] && text[at - 1] !== '\\') return at
  }
  return -1
}
