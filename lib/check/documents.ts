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
  // A line break before the first line, so that every marker has one before it.
  #rest = '\n'
  #from = 0
  #newlinesBefore = 0
  /** Where the document begins that is too long: the rest of it is dropped as it comes. */
  #tooLongAt: number | null = null
  readonly #max: number

  constructor(max = maxDocumentLength) {
    this.#max = max
  }

  push(piece: string): DocumentText[] {
    this.#rest += piece
    const found: DocumentText[] = []
    for (;;) {
      marker.lastIndex = this.#from
      const match = marker.exec(this.#rest)
      if (!match) break
      const text = this.#rest.slice(1, match.index + 1)
      const isPreamble = match[1] === '---' && !text.startsWith('---') && !hasContent(text)
      if (isPreamble && this.#tooLongAt === null) this.#from = match.index + 1
      else {
        this.#give(text, found)
        this.#drop(match.index)
        this.#from = 1
      }
    }
    this.#from = Math.max(this.#from, this.#rest.length - markerLength)
    if (this.#rest.length > this.#max) {
      this.#tooLongAt ??= this.#newlinesBefore + 1
      this.#drop(this.#from)
      this.#from = 0
    }
    return found
  }

  end(): DocumentText[] {
    const found = this.push('\n')
    this.#give(this.#rest.slice(1), found)
    return found
  }

  #drop(until: number) {
    this.#newlinesBefore += newlinesIn(this.#rest.slice(0, until))
    this.#rest = this.#rest.slice(until)
  }

  #give(text: string, found: DocumentText[]) {
    if (this.#tooLongAt !== null) found.push({ text: null, line: this.#tooLongAt })
    else if (hasContent(text.replace(/^(---|\.\.\.)/m, '')))
      // The end of the document before stands here: blanks in its place keep the columns.
      found.push({ text: text.replace(/^\.\.\./, '   '), line: this.#newlinesBefore + 1 })
    this.#tooLongAt = null
  }
}
