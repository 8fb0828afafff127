import { visibleText } from '#lib/core/access/visible-text'

/** A page title from untrusted text, with invisible and reordering characters as code points. */
export const titleOf = (text: string): string =>
  visibleText(text)
    .map((part) => ('text' in part ? part.text : part.codePoint))
    .join('')
