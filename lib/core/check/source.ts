// Places in the text of a document, and how they are shown.
import { visible } from '#lib/core/access/visible-text'

/** A run of characters of one document's text. */
export type Range = readonly [from: number, to: number]

/** Lines and columns count from 1, columns in UTF-16 code units, as in editors and SARIF. `endColumn` is exclusive. */
export type Place = { line: number; column: number; endColumn: number; excerpt: Excerpt }

/** One line of the source, shortened and safe to print. `mark` is the part at the place. */
export type Excerpt = { before: string; mark: string; after: string }

const longestBefore = 100
const longestMark = 80
const longestAfter = 60

/**
 * A copy of a part of a document. JavaScript engines keep a part of a text by keeping the whole text, so a finding would
 * keep its document in memory.
 */
export const detached = (part: string): string => ` ${part}`.slice(1)

/** The text of one document, and where it starts in its file. */
export class Source {
  readonly text: string
  readonly #firstLine: number
  #lineStarts: number[] | undefined

  constructor(text: string, firstLine: number) {
    this.text = text
    this.#firstLine = firstLine
  }

  lineOf(offset: number): number {
    return this.#firstLine + this.#lineIndex(offset)
  }

  /** The place of a range. If it spans several lines, the place ends with the first. */
  placeOf([from, to]: Range): Place {
    const index = this.#lineIndex(from)
    const start = this.#starts()[index] ?? 0
    const next = this.#starts()[index + 1] ?? this.text.length + 1
    const line = this.text.slice(start, next - 1).replace(/\r$/, '')
    const column = from - start
    const end = Math.max(column, Math.min(to - start, line.length))
    return {
      line: this.#firstLine + index,
      column: column + 1,
      endColumn: end + 1,
      excerpt: excerptOf(line, column, end),
    }
  }

  #starts(): number[] {
    if (this.#lineStarts) return this.#lineStarts
    const starts = [0]
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1)
    this.#lineStarts = starts
    return starts
  }

  #lineIndex(offset: number): number {
    const starts = this.#starts()
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}

function excerptOf(line: string, column: number, end: number): Excerpt {
  const before = line.slice(Math.max(0, column - longestBefore), column)
  const mark = line.slice(column, Math.min(end, column + longestMark))
  const after = line.slice(column + mark.length, column + mark.length + longestAfter)
  return {
    before: detached((column > longestBefore ? '…' : '') + visible(before)),
    mark: detached(visible(mark)),
    after: detached(visible(after) + (line.length > column + mark.length + longestAfter ? '…' : '')),
  }
}
