// Splits a stream of YAML into documents without parsing it, so that a stream of any length needs the memory of one
// document.

/** One document. `line` is its first line in the stream, from 1. `text` is null if it is too long. */
export type DocumentText = { text: string | null; line: number }

/** In UTF-16 code units. Kubernetes objects are smaller (etcd accepts 1.5 MiB), and a list of thousands of roles fits. */
export const maxDocumentLength = 8 * 1024 * 1024

/** A marker and the character after it. That many characters are held back, in case a marker is split over two pieces. */
const marker = /\n(---(?=[ \t\r\n#])|\.\.\.(?=[ \t\r\n]))/g
const markerLength = 5

/** Is there anything other than blank lines, comments and directives? */
const hasContent = (text: string) => /^[ \t]*[^\s#%]/m.test(text)

function newlinesIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

/**
 * Accepts a stream piece by piece and returns each document once it is complete. `---` and `...` at the start of a line
 * end a document even inside quotes and block scalars (YAML 1.2.2 §9.1.2), so nothing has to be parsed to find them.
 * Comments and directives before a `---` belong to the document that it starts.
 */
export class DocumentSplitter {
  /** The text of the current document that was searched for markers already. */
  #parts: string[] = []
  #length = 0
  // Starts with a line break, so that a marker on the first line has one before it too.
  #rest = '\n'
  /** Line breaks of the stream before the current document, and within it so far. */
  #newlinesBefore = 0
  #newlinesAfter = 0
  /** The current document is too long, and the rest of it is dropped. */
  #isTooLong = false
  readonly #max: number

  constructor(max = maxDocumentLength) {
    this.#max = max
  }

  push(piece: string): DocumentText[] {
    this.#rest += piece
    const found: DocumentText[] = []
    let from = this.#parts.length === 0 ? 1 : 0
    for (;;) {
      marker.lastIndex = from
      const match = marker.exec(this.#rest)
      if (!match) break
      if (match[1] === '---' && this.#isPreamble(match.index)) from = match.index + 1
      else {
        this.#keep(match.index)
        this.#emit(found)
        from = 1
      }
    }
    this.#keep(Math.max(0, this.#rest.length - markerLength))
    return found
  }

  end(): DocumentText[] {
    const found = this.push('\n')
    this.#keep(this.#rest.length)
    this.#emit(found)
    return found
  }

  /** Does the text before this marker belong to the document that the marker starts? */
  #isPreamble(index: number): boolean {
    if (this.#isTooLong) return false
    const text = `${this.#parts.join('')}${this.#rest.slice(0, index)}`
    return !text.startsWith('\n---') && !hasContent(text)
  }

  #keep(until: number) {
    const part = this.#rest.slice(0, until)
    this.#rest = this.#rest.slice(until)
    this.#newlinesAfter += newlinesIn(part)
    this.#length += part.length
    if (this.#length > this.#max) {
      this.#isTooLong = true
      this.#parts = []
    }
    this.#parts.push(this.#isTooLong ? '' : part)
  }

  #emit(found: DocumentText[]) {
    // The line break before the document is not part of it; the one after it is.
    const text = `${this.#parts.join('').slice(1)}\n`
    const line = this.#newlinesBefore + 1
    if (this.#isTooLong) found.push({ text: null, line })
    else if (hasContent(text.replace(/^(---|\.\.\.)/m, '')))
      // Blanks replace the end marker of the previous document, so that columns stay correct.
      // So do they for a marker with a comment right after it, which is a marker only for kubectl.
      found.push({ text: text.replace(/^(?:\.\.\.|---(?=#))/, '   '), line })
    this.#newlinesBefore += this.#newlinesAfter
    this.#newlinesAfter = 0
    this.#parts = []
    this.#length = 0
    this.#isTooLong = false
  }
}
