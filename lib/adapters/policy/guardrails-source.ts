import { isMap, isScalar, parseDocument } from 'yaml'

/**
 * The keys `guardrailPack` and `guardrails` of a configuration as they are written, with their comments; empty where
 * they are not written. The rest of the file is not for everybody.
 */
export function guardrailsAsWritten(text: string): string {
  const { contents } = parseDocument(text, { uniqueKeys: false })
  if (!isMap(contents)) return ''
  const starts = contents.items.flatMap(({ key }) =>
    isScalar(key) && key.range ? [[key.value, key.range[0]] as const] : [],
  )
  return starts
    .flatMap(([key, start], index) => {
      if (key !== 'guardrailPack' && key !== 'guardrails') return []
      const next = starts[index + 1]?.[1] ?? text.length
      return [text.slice(start, next).replace(/(\n[ \t]*(#.*)?)*$/, '')]
    })
    .join('\n')
}
