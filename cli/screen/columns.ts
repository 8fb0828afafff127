// How wide text is on a terminal, and how it is cut to a width. All text here is free of control characters (`line`).
import { eastAsianWidth } from 'get-east-asian-width'

/** A code point that is drawn over the one before it. */
const isOver = (character: string) => /^[\p{M}\u200d]$/u.test(character)

/** Asks for the form of the character before it that is an emoji, which is twice as wide. */
const emojiForm = '\ufe0f'

/**
 * At least the columns that any terminal needs for the text: some draw a sequence of emoji as one, some as several. Text that
 * is narrower than this leaves a gap, but never runs over the edge.
 */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) {
    if (character === emojiForm) columns += 1
    else if (!isOver(character)) columns += eastAsianWidth(character.codePointAt(0) ?? 0, { ambiguousAsWide: false })
  }
  return columns
}

/** The longest beginning of a text that fits into so many columns. */
function startOf(text: string, columns: number): string {
  let start = ''
  let left = columns
  for (const character of text) {
    left -= columnsOf(character)
    if (left < 0) break
    start += character
  }
  return start
}

/** Cuts or pads text to exactly so many columns. */
export function toColumns(text: string, columns: number): string {
  if (columns <= 0) return ''
  const shown = columnsOf(text) > columns ? `${startOf(text, columns - 1)}…` : text
  return shown + ' '.repeat(Math.max(0, columns - columnsOf(shown)))
}

/** The end of a text that someone types, so that its last character is visible. */
export function endOf(text: string, columns: number): string {
  const characters = [...text]
  while (columnsOf(characters.join('')) > columns) characters.shift()
  return characters.join('')
}

/** Wraps one line at its spaces, or within a longer word. Each further line is indented by two columns more than the first. */
export function wrap(text: string, columns: number): string[] {
  const own = /^ */.exec(text)?.[0].length ?? 0
  const indent = ' '.repeat(Math.min(own + 2, Math.floor(columns / 2)))
  const wrapped: string[] = []
  let rest = text
  while (columnsOf(rest) > columns) {
    const before = wrapped.length === 0 ? 0 : indent.length
    const fitting = startOf(rest, columns)
    // NB: a wide character may not fit beside the indent, or on the terminal at all. Without it there would be no end.
    const [next = ''] = rest.slice(before)
    const start = fitting.length > before ? fitting : rest.slice(0, before) + next
    const space = start.lastIndexOf(' ')
    const isInIndent = space < (wrapped.length === 0 ? own : indent.length)
    const end = isInIndent ? start.length : space
    wrapped.push(rest.slice(0, end))
    rest = indent + rest.slice(isInIndent ? end : end + 1)
  }
  return [...wrapped, rest]
}
