// Untrusted text as a notice shows it, before a channel escapes it for its own notation.
import { visibleText } from '#lib/core/access/visible-text'

const longestLine = 300

export const clipped = (text: string, longest: number): string => {
  const characters = [...text]
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join('')}…`
}

/** Untrusted text with its invisible and reordering characters as code points; line breaks stay. */
export const visible = (text: string): string =>
  visibleText(text)
    .map((part) => ('text' in part ? part.text : `[${part.codePoint}]`))
    .join('')

/** Untrusted text in one line, so that it can't add a header, a field or a paragraph. */
export const line = (text: string, longest: number = longestLine): string =>
  clipped(visible(text).replace(/\s+/g, ' ').trim(), longest)
