// Parses the YAML of a configuration and finds the line and column of each problem.
import { type Document, isPair, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml'
import type { ConfigurationProblem } from '#lib/core/access/configuration-problem'
import { type Finding, pathInWords } from './problem.ts'
import { offsetAt, offsetOf } from './yaml-position.ts'

/** A thousand clusters and five thousand entitlements fit in this. */
export const maxConfigurationBytes = 4 * 1024 * 1024

type Placed = { offset: number; path: string; message: string }

/** Syntax errors, and YAML features that a configuration may not use. */
function yamlFindings(documents: Document[]): Placed[] {
  const wrong = documents.flatMap((document) => [...document.errors, ...document.warnings])
  const found = wrong.map(({ pos, message }) => ({
    offset: pos[0],
    path: '',
    message: `is not valid YAML: ${message}`,
  }))
  const second = documents[1]
  if (second)
    found.push({ offset: offsetOf(second.contents) ?? 0, path: '', message: 'must be one document: remove the ---' })
  for (const document of documents) {
    visit(document, (_, node) => {
      if (!isPair(node)) return
      // In maps with arbitrary keys, such as labels, JavaScript would silently drop this one.
      if (isScalar(node.key) && node.key.value === '__proto__') {
        found.push({ offset: offsetOf(node.key) ?? 0, path: '__proto__', message: 'is not a known key' })
      }
      if (isScalar(node.key) && typeof node.key.value === 'string') return
      found.push({ offset: offsetOf(node.key) ?? 0, path: '', message: 'must be text: put this key in quotes' })
    })
  }
  return found
}

/**
 * The document as plain values, or the problem with it. Aliases can expand a small file to gigabytes, so the library
 * limits how many it resolves.
 */
function plainValue(document: Document): { value: unknown } | Placed {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) }
  } catch (error) {
    return { offset: 0, path: '', message: `cannot be read: ${error instanceof Error ? error.message : 'unknown'}` }
  }
}

export type ReadDocument =
  | { ok: true; value: unknown; problemsOf: (findings: readonly Finding[]) => ConfigurationProblem[] }
  | { ok: false; problems: ConfigurationProblem[] }

/**
 * Parses one YAML document as plain values. Problems are in the order of the text, with line and column from 1, in
 * UTF-16 code units.
 * @param file only for the problems; the file is not opened
 */
export function readDocument(text: string, file: string): ReadDocument {
  const lines = new LineCounter()
  const placed = (found: Placed[]): ConfigurationProblem[] =>
    found
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, path, message }) => {
        const { line, col } = lines.linePos(offset)
        return { file, line: Math.max(1, line), column: Math.max(1, col), path, message }
      })
  const refuse = (found: Placed[]): ReadDocument => ({ ok: false, problems: placed(found) })
  if (Buffer.byteLength(text) > maxConfigurationBytes) {
    return refuse([{ offset: 0, path: '', message: `must be at most ${maxConfigurationBytes} bytes` }])
  }
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true })
  const documents = Array.isArray(parsed) ? (parsed as Document[]) : []
  const document = documents[0]
  if (!document) return refuse([{ offset: 0, path: '', message: 'must not be empty' }])
  const wrong = yamlFindings(documents)
  if (wrong.length) return refuse(wrong)
  const read = plainValue(document)
  if (!('value' in read)) return refuse([read])
  const place = (finding: Finding): Placed => ({
    offset: offsetAt(text, document, finding),
    path: pathInWords(finding.path),
    message: finding.message,
  })
  return { ok: true, value: read.value, problemsOf: (findings) => placed(findings.map(place)) }
}
