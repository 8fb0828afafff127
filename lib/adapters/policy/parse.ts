import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { ConfigurationProblem } from '#lib/core/access/configuration-problem'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { calendarsOf, compilePolicy, type GuardrailsSection, guardrailsSection } from '#lib/core/guardrails/section'
import { type Configuration, configurationShape } from './configuration.ts'
import { crossValidate } from './cross-validate.ts'
import { type Finding, findingsOf, parseOptions } from './problem.ts'
import { readDocument } from './read-document.ts'

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
  | { ok: false; problems: ConfigurationProblem[] }

/** A configuration whose text was read, before the files are there that it names. */
export type ReadConfiguration = {
  /** The calendar files that its freezes name, as written. */
  calendars: string[]
  /** Judges everything. A calendar that is not given is one that could not be read. */
  settle(calendars: ReadonlyMap<string, string>): ParsedConfiguration
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
  const read = readDocument(text, file)
  if (!read.ok) return { calendars: [], settle: () => read }
  const { value, problemsOf } = read
  const shape = configurationShape.safeParse(value, parseOptions)
  const section = shape.success ? shape.data : sectionIn(value)
  const known = [...(shape.success ? [] : findingsOf(shape.error.issues)), ...crossValidate(value)]
  return {
    calendars: section ? calendarsOf(section) : [],
    settle: (calendars) => {
      const { compiled, findings: wrongGuardrails } = compileSection(section, calendars)
      const findings = [...known, ...wrongGuardrails]
      if (!shape.success || findings.length > 0) return { ok: false, problems: problemsOf(findings) }
      const kept = documentOf(shape.data, calendars)
      return { ok: true, configuration: shape.data, calendars, document: kept, hash: hashOf(kept), compiled }
    },
  }
}

/** Reads and judges in one: see `readConfiguration`. */
export const parseConfiguration = (
  text: string,
  file: string,
  calendars: ReadonlyMap<string, string> = new Map(),
): ParsedConfiguration => readConfiguration(text, file).settle(calendars)

/** Guardrails that somebody holds up to be tried; `configuration` where they came with a whole one. */
export type ParsedCandidate =
  | {
      ok: true
      section: GuardrailsSection
      configuration: Configuration | null
      hash: string
      compiled: CompiledGuardrail[]
    }
  | { ok: false; problems: ConfigurationProblem[] }

/** Does it say nothing but guardrails? Then the rest of a configuration is not missing. */
const isOnlyGuardrails = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).every((key) => Object.hasOwn(guardrailsSection.shape, key))

/**
 * Reads a policy that is to be tried and never in force: the text of a whole postern.yaml, or of `guardrails` and
 * `guardrailPack` alone. Problems are told as by `readConfiguration`.
 */
export function parseCandidate(text: string, file: string, calendars: ReadonlyMap<string, string>): ParsedCandidate {
  const read = readDocument(text, file)
  if (!read.ok) return read
  if (!isOnlyGuardrails(read.value)) {
    const parsed = parseConfiguration(text, file, calendars)
    if (!parsed.ok) return parsed
    const { configuration, hash, compiled } = parsed
    return { ok: true, section: configuration, configuration, hash, compiled }
  }
  const shape = guardrailsSection.safeParse(read.value, parseOptions)
  if (!shape.success) return { ok: false, problems: read.problemsOf(findingsOf(shape.error.issues)) }
  const { compiled, findings } = compileSection(shape.data, calendars)
  if (findings.length > 0) return { ok: false, problems: read.problemsOf(findings) }
  return { ok: true, section: shape.data, configuration: null, hash: hashOf(shape.data), compiled }
}
