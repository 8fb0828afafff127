import { isMap, isScalar, parseDocument } from 'yaml'

/**
 * The keys `guardrailPack` and `guardrails` of a configuration as they are written, with their comments; empty where
 * they are not written. The rest of the file is not for everybody.
 */
export function guardrailsSource(text: string): string {
  const { contents } = parseDocument(text, { uniqueKeys: false })
  if (!isMap(contents)) return ''
  const starts = contents.items.flatMap(({ key }) =>
    isScalar(key) && key.range ? [[key.value, key.range[0]] as const] : [],
  )
  return starts
    .flatMap(([key, start], index) => {
      if (key !== 'guardrailPack' && key !== 'guardrails') return []
      const next = starts[index + 1]?.[1] ?? text.length
      return [withoutTrailingComments(text.slice(start, next))]
    })
    .join('\n')
}

/** NB: line by line: a single pattern for all of it would take quadratic time on a long run of comments. */
function withoutTrailingComments(text: string): string {
  const lines = text.split('\n')
  const last = lines.findLastIndex((line, index) => index === 0 || !/^[ \t]*(#.*)?$/.test(line))
  return lines.slice(0, last + 1).join('\n')
}
