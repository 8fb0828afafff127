// The objects that a pasted manifest names. Only the fields that identify an object are read.
import { parseAllDocuments } from 'yaml'

export type ManifestObject = { apiVersion: string; kind: string; name: string; namespace: string | null }

const maxObjects = 200

// No one pastes a longer or deeper manifest next to a command.
const maxLength = 65_536
const maxIndent = 200
const maxLines = 4000

const textOf = (value: unknown) => (typeof value === 'string' && value.length <= 253 ? value : '')

function objectsIn(value: unknown, found: ManifestObject[], depth: number) {
  if (typeof value !== 'object' || value === null || found.length >= maxObjects) return
  const { apiVersion, kind, metadata, items } = value as Record<string, unknown>
  if (Array.isArray(items) && depth < 2) {
    for (const item of items) objectsIn(item, found, depth + 1)
    return
  }
  const about = (typeof metadata === 'object' && metadata !== null ? metadata : {}) as Record<string, unknown>
  if (textOf(apiVersion) === '' || textOf(kind) === '') return
  found.push({
    apiVersion: textOf(apiVersion),
    kind: textOf(kind),
    name: textOf(about.name),
    namespace: textOf(about.namespace) || null,
  })
}

/** Limits nesting by brackets and by indentation, because the YAML parser recurses on each level. */
function isTooDeepOrLong(text: string): boolean {
  let depth = 0
  let column = 0
  let lines = 0
  for (const char of text) {
    if (char === '\n') {
      column = 0
      lines++
    } else if (char === '[' || char === '{') depth++
    else if (char === ']' || char === '}') depth--
    else if ((char === ' ' || char === '-' || char === '?' || char === ':') && column >= 0) column++
    else column = -1
    if (depth > 50 || column > maxIndent || lines > maxLines) return true
  }
  return false
}

/** Fills the gaps of a template, so that the rest of it is YAML. The filling is no name of an object. */
const withoutTemplates = (text: string) =>
  text
    .replace(/^[ \t]{0,200}\{\{[^{}\n]{0,200}\}\}[ \t]{0,200}$/gm, '')
    .replace(/\{\{[^{}\n]{0,200}\}\}/g, 'TEMPLATE_VALUE')

/** The objects of a YAML or JSON text, including several documents and Lists; null where it is not a manifest. Never throws. */
export function objectsOf(text: string): ManifestObject[] | null {
  if (text.length > maxLength || isTooDeepOrLong(text)) return null
  try {
    const found: ManifestObject[] = []
    for (const document of parseAllDocuments(withoutTemplates(text), {
      logLevel: 'silent',
      uniqueKeys: false,
      prettyErrors: false,
    })) {
      // Aliases are refused: a few of them can expand to more text than fits into memory.
      objectsIn(document.toJS({ maxAliasCount: 0 }), found, 0)
    }
    return found.length > 0 ? found : null
  } catch {
    return null
  }
}
