import { isMap, isScalar, parseDocument } from 'yaml'
import { guardrailsSection } from '#lib/core/guardrails/section'

/**
 * The source text of the keys `guardrailPack`, `guardrails` and `risks`, with comments; empty if the file has none of them. Not
 * everyone may read the rest of the file.
 */
export function guardrailsSource(text: string): string {
  const { contents } = parseDocument(text, { uniqueKeys: false })
  if (!isMap(contents)) return ''
  const starts = contents.items.flatMap(({ key }) =>
    isScalar(key) && key.range ? [[key.value, key.range[0]] as const] : [],
  )
  return starts
    .flatMap(([key, start], index) => {
      if (!Object.hasOwn(guardrailsSection.shape, String(key))) return []
      const next = starts[index + 1]?.[1] ?? text.length
      return [withoutTrailingComments(text.slice(start, next))]
    })
    .join('\n')
}

/** NB: line by line, because a single regular expression would take quadratic time on many lines of comments. */
function withoutTrailingComments(text: string): string {
  const lines = text.split('\n')
  const last = lines.findLastIndex((line, index) => index === 0 || !/^[ \t]*(#.*)?$/.test(line))
  return lines.slice(0, last + 1).join('\n')
}
