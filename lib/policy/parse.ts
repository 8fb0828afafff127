import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { type Document, isPair, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml'
import type { CompiledGuardrail } from '#lib/guardrails/policy/compile'
import { calendarsOf, compilePolicy, type GuardrailsSection, guardrailsSection } from '#lib/guardrails/policy/section'
import { type Configuration, configurationShape } from './configuration.ts'
import { contradictions } from './contradictions.ts'
import { offsetAt, offsetOf } from './place.ts'
import { type Finding, findingsOf, type Problem, parseOptions, pathInWords } from './problem.ts'

export type ParsedConfiguration =
  | {
      ok: true
      configuration: Configuration
      /** The text of each calendar that it names. */
      calendars: ReadonlyMap<string, string>
      /** What is kept of this version, and what `hash` is of: the configuration and the calendars that it names. */
      document: Record<string, unknown>
      hash: string
      /** The guardrails of the configuration, ready to judge. */
      compiled: CompiledGuardrail[]
    }
  | { ok: false; problems: Problem[] }

/** A configuration whose text was read, before the files are there that it names. */
export type ReadConfiguration = {
  /** The calendar files that its freezes name, as written. */
  calendars: string[]
  /** Judges everything. A calendar that is not given is one that could not be read. */
  settle(calendars: ReadonlyMap<string, string>): ParsedConfiguration
}

/** A thousand clusters and five thousand entitlements fit; what is larger is no configuration. */
export const maxConfigurationBytes = 4 * 1024 * 1024

type Placed = { offset: number; path: string; message: string }

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

const hashOf = (document: Record<string, unknown>) =>
  `sha256:${createHash('sha256')
    .update(canonicalize(document) ?? '')
    .digest('hex')}`

/** The configuration alone where it names no calendars, so that they change nothing for those who have none. */
function documentOf(configuration: Configuration, calendars: ReadonlyMap<string, string>): Record<string, unknown> {
  return calendars.size === 0 ? configuration : { ...configuration, calendars: Object.fromEntries(calendars) }
}

/** The part about guardrails, whatever is wrong elsewhere; null where it is wrong itself. */
function sectionIn(value: unknown): GuardrailsSection | null {
  if (typeof value !== 'object' || value === null) return null
  const keys = Object.keys(guardrailsSection.shape).filter((key) => Object.hasOwn(value, key))
  const part = Object.fromEntries(keys.map((key) => [key, (value as Record<string, unknown>)[key]]))
  const parsed = guardrailsSection.safeParse(part)
  return parsed.success ? parsed.data : null
}

/** What of a section does not compile, as findings at the values of the file. */
function compileSection(section: GuardrailsSection | null, calendars: ReadonlyMap<string, string>) {
  if (!section) return { compiled: [], findings: [] }
  const result = compilePolicy(section, calendars)
  if (result.ok) return { compiled: result.compiled, findings: [] }
  const findings = result.problems.map(({ path, message, offset }): Finding => {
    return { path, message, within: offset ?? undefined }
  })
  return { compiled: [], findings }
}

/**
 * Reads the text of postern.yaml; `settle` then judges it together with the calendars that it names. Everything that is
 * wrong is told, in the order of the text, each with line and column (from 1, in UTF-16 code units) and what would be
 * right; nothing of a file with problems is used. `hash` is `sha256:` and the SHA-256 of the parsed configuration
 * (defaults filled in) and of its calendars, as RFC 8785 canonical JSON: comments and layout make no difference to it.
 * @param file only to name it in problems; nothing is opened
 */
export function readConfiguration(text: string, file: string): ReadConfiguration {
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
  const refused = (placed: Placed[]): ReadConfiguration => ({ calendars: [], settle: () => refuse(placed) })
  if (Buffer.byteLength(text) > maxConfigurationBytes) {
    return refused([{ offset: 0, path: '', message: `must be at most ${maxConfigurationBytes} bytes` }])
  }
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true })
  const documents = Array.isArray(parsed) ? (parsed as Document[]) : []
  const document = documents[0]
  if (!document) return refused([{ offset: 0, path: '', message: 'must not be empty' }])
  const wrong = yamlFindings(documents)
  if (wrong.length) return refused(wrong)
  const read = plainValue(document)
  if (!('value' in read)) return refused([read])

  const shape = configurationShape.safeParse(read.value, parseOptions)
  const section = shape.success ? shape.data : sectionIn(read.value)
  const known = [...(shape.success ? [] : findingsOf(shape.error.issues)), ...contradictions(read.value)]
  return {
    calendars: section ? calendarsOf(section) : [],
    settle: (calendars) => {
      const { compiled, findings: wrongGuardrails } = compileSection(section, calendars)
      const findings = [...known, ...wrongGuardrails]
      if (shape.success && findings.length === 0) {
        const kept = documentOf(shape.data, calendars)
        return { ok: true, configuration: shape.data, calendars, document: kept, hash: hashOf(kept), compiled }
      }
      return refuse(
        findings.map((finding) => ({
          offset: offsetAt(text, document, finding),
          path: pathInWords(finding.path),
          message: finding.message,
        })),
      )
    },
  }
}

/** Reads and judges in one: see `readConfiguration`. */
export const parseConfiguration = (
  text: string,
  file: string,
  calendars: ReadonlyMap<string, string> = new Map(),
): ParsedConfiguration => readConfiguration(text, file).settle(calendars)
