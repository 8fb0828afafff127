/** A run of text as written, or one character that is invisible or reorders the text around it. */
export type TextPart = { text: string } | { sign: string; codePoint: string }

// Control characters except line breaks and tabs; format characters (bidi embeddings, overrides, isolates and marks,
// zero width, tags, soft hyphen); private use and lone surrogates; the separators U+2028 and U+2029; the Hangul
// fillers, which are letters by name but blank. The zero-width joiner stays: scripts and emoji need it, and it reorders
// nothing.
const invisible = /(?!\u200d)[\p{Cf}\p{Co}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]|[^\P{Cc}\n\t]/gu

/**
 * Splits text from a person, a cluster or an identity provider so that a page can show every character of it. A
 * character that hides or reorders text (Unicode UAX #9, UTR #36) becomes a sign with its code point.
 */
export function visibleText(text: string): TextPart[] {
  const parts: TextPart[] = []
  let from = 0
  for (const match of text.matchAll(invisible)) {
    if (match.index > from) parts.push({ text: text.slice(from, match.index) })
    const codePoint = (match[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    parts.push({ sign: match[0], codePoint: `U+${codePoint}` })
    from = match.index + match[0].length
  }
  if (from < text.length) parts.push({ text: text.slice(from) })
  return parts
}

/** Untrusted text on one line: characters that hide or reorder text or control a terminal are shown as code points. */
export const visible = (text: string): string =>
  visibleText(text)
    .map((part) =>
      'text' in part ? part.text.replaceAll('\n', '[U+000A]').replaceAll('\t', ' ') : `[${part.codePoint}]`,
    )
    .join('')
