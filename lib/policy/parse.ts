import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from 'yaml'
import { type Configuration, configurationShape } from './configuration.ts'
import { contradictions } from './contradictions.ts'
import { type Finding, findingsOf, type Problem, parseOptions, pathInWords } from './problem.ts'

export type ParsedConfiguration =
  | { ok: true; configuration: Configuration; hash: string }
  | { ok: false; problems: Problem[] }

/** A thousand clusters and five thousand entitlements fit; what is larger is no configuration. */
export const maxConfigurationBytes = 4 * 1024 * 1024

type Path = readonly (string | number)[]
type Placed = { offset: number; path: string; message: string }

const offsetOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0]

/** Where in the text a path leads: to its value, to its key, or to what is nearest above it where it is missing. */
function offsetAt(document: Document, { path, atKey }: { path: Path; atKey?: boolean }): number {
  let node: unknown = document.contents
  let offset = offsetOf(node) ?? 0
  for (const [depth, key] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    const isLast = depth === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find(({ key: known }) => String(isScalar(known) ? known.value : known) === String(key))
      if (!pair) return offset
      // A missing value is shown at the key of what misses it, which says more than the line after.
      offset = (isLast && !atKey ? offsetOf(pair.value) : undefined) ?? offsetOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(key)]
      offset = offsetOf(node) ?? offset
    } else return offset
  }
  return offset
}

/** What YAML itself finds wrong, and what of YAML has no place in a configuration. */
function yamlFindings(documents: Document[]): Placed[] {
  const wrong = documents.flatMap((document) => [...document.errors, ...document.warnings])
  const found = wrong.map(({ pos, message }) => ({
    offset: pos[0],
    path: '',
    message: `is not valid YAML: ${message}`,
  }))
  const second = documents[1]
  if (second)
    found.push({ offset: offsetOf(second.contents) ?? 0, path: '', message: 'must be one document: take out ---' })
  for (const document of documents) {
    visit(document, (_, node) => {
      if (!isPair(node) || (isScalar(node.key) && typeof node.key.value === 'string')) return
      found.push({ offset: offsetOf(node.key) ?? 0, path: '', message: 'must be text: put this key in quotes' })
    })
  }
  return found
}

/**
 * The plain value of a document, or what is wrong with it. Aliases may multiply a small file into gigabytes: the
 * library refuses to resolve more than a hundred times what the text holds.
 */
function plainValue(document: Document): { value: unknown } | Placed {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) }
  } catch (error) {
    return { offset: 0, path: '', message: `cannot be read: ${error instanceof Error ? error.message : 'unknown'}` }
  }
}

const hashOf = (configuration: Configuration) =>
  `sha256:${createHash('sha256')
    .update(canonicalize(configuration) ?? '')
    .digest('hex')}`

function judge(value: unknown): { configuration: Configuration } | { findings: Finding[] } {
  const parsed = configurationShape.safeParse(value, parseOptions)
  const findings = [...(parsed.success ? [] : findingsOf(parsed.error.issues)), ...contradictions(value)]
  return parsed.success && findings.length === 0 ? { configuration: parsed.data } : { findings }
}

/**
 * Reads the text of postern.yaml. Everything that is wrong is told, in the order of the text, each with line and column
 * (from 1, in UTF-16 code units) and what would be right; nothing of a file with problems is used. `hash` is `sha256:`
 * and the SHA-256 of the parsed configuration (defaults filled in) as RFC 8785 canonical JSON: comments and layout make
 * no difference to it.
 * @param file only to name it in problems; nothing is opened
 */
export function parseConfiguration(text: string, file: string): ParsedConfiguration {
  const lines = new LineCounter()
  const refuse = (placed: Placed[]): ParsedConfiguration => ({
    ok: false,
    problems: placed
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, path, message }) => {
        const { line, col } = lines.linePos(offset)
        return { file, line: Math.max(1, line), column: Math.max(1, col), path, message }
      }),
  })
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
  const judged = judge(read.value)
  if ('configuration' in judged)
    return { ok: true, configuration: judged.configuration, hash: hashOf(judged.configuration) }
  return refuse(
    judged.findings.map((finding) => ({
      offset: offsetAt(document, finding),
      path: pathInWords(finding.path),
      message: finding.message,
    })),
  )
}
