// Which documents does a stream of YAML hold? Cut before anything is parsed, so that a stream of any length takes the
// memory of one document.

/** One document. `line` is where it begins in the stream, from 1; `text` is null where it is too long to be read. */
export type DocumentText = { text: string | null; line: number }

/** No Kubernetes object is larger (etcd takes 1.5 MiB), and a list of thousands of roles fits. In UTF-16 code units. */
export const maxDocumentLength = 8 * 1024 * 1024

/** A marker, and what must come after it; as many characters are kept to see it when it comes in two pieces. */
const marker = /\n(---|\.\.\.)(?=[ \t\r\n])/g
const markerLength = 5

/** Is there anything but blank lines, comments and directives? */
const hasContent = (text: string) => /^[ \t]*[^\s#%]/m.test(text)

function newlinesIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

/**
 * Takes a stream piece by piece and gives each document once it is whole. `---` and `...` at the beginning of a line
 * end a document wherever they stand, also inside quotes and block scalars (YAML 1.2.2 §9.1.2), so nothing has to be
 * parsed to find them. Comments and directives before a `---` belong to the document that it begins.
 */
export class DocumentSplitter {
  /** What was looked at of the document that is coming in, and is no marker. */
  #parts: string[] = []
  #length = 0
  // A line break before the first line, so that every marker has one before it.
  #rest = '\n'
  /** Of the stream before this document's own first line break, and of the document so far. */
  #newlinesBefore = 0
  #newlinesAfter = 0
  /** The document is too long, and what comes of it is dropped. */
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
        this.#give(found)
        from = 1
      }
    }
    this.#keep(Math.max(0, this.#rest.length - markerLength))
    return found
  }

  end(): DocumentText[] {
    const found = this.push('\n')
    this.#keep(this.#rest.length)
    this.#give(found)
    return found
  }

  /** Does what comes before belong to the document that begins here? */
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

  #give(found: DocumentText[]) {
    // Its line break before it is not its own; the one behind it is.
    const text = `${this.#parts.join('').slice(1)}\n`
    const line = this.#newlinesBefore + 1
    if (this.#isTooLong) found.push({ text: null, line })
    else if (hasContent(text.replace(/^(---|\.\.\.)/m, '')))
      // The end of the document before stands here: blanks in its place keep the columns.
      found.push({ text: text.replace(/^\.\.\./, '   '), line })
    this.#newlinesBefore += this.#newlinesAfter
    this.#newlinesAfter = 0
    this.#parts = []
    this.#length = 0
    this.#isTooLong = false
  }
}
