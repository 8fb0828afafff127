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
      /** The text of each calendar that the configuration names. */
      calendars: ReadonlyMap<string, string>
      /** The stored form of this version: the configuration and its calendars. `hash` is its hash. */
      document: Record<string, unknown>
      hash: string
      /** The compiled guardrails of the configuration. */
      compiled: CompiledGuardrail[]
    }
  | { ok: false; problems: ConfigurationProblem[] }

/** A configuration whose text was parsed, but not yet the files that it names. */
export type ReadConfiguration = {
  /** The names of the calendar files in its freezes, as written. */
  calendars: string[]
  /** Validates everything. A missing calendar is one that could not be read. */
  settle(calendars: ReadonlyMap<string, string>): ParsedConfiguration
}

const hashOf = (document: Record<string, unknown>) =>
  `sha256:${createHash('sha256')
    .update(canonicalize(document) ?? '')
    .digest('hex')}`

/** Without calendars this is only the configuration, so that the hash does not depend on an unused feature. */
function documentOf(configuration: Configuration, calendars: ReadonlyMap<string, string>): Record<string, unknown> {
  return calendars.size === 0 ? configuration : { ...configuration, calendars: Object.fromEntries(calendars) }
}

/** The guardrails section, even if other parts are invalid; null if the section itself is invalid. */
function sectionIn(value: unknown): GuardrailsSection | null {
  if (typeof value !== 'object' || value === null) return null
  const keys = Object.keys(guardrailsSection.shape).filter((key) => Object.hasOwn(value, key))
  const part = Object.fromEntries(keys.map((key) => [key, (value as Record<string, unknown>)[key]]))
  const parsed = guardrailsSection.safeParse(part)
  return parsed.success ? parsed.data : null
}

/** Compiles a section; expressions that do not compile are findings at their place in the file. */
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
 * Parses the text of postern.yaml; `settle` then validates it together with its calendars. All problems are reported,
 * in the order of the text, with line and column (from 1, in UTF-16 code units) and the expected value; a file with
 * problems is not used at all. `hash` is `sha256:` and the SHA-256 of the parsed configuration (with defaults) and its
 * calendars as RFC 8785 canonical JSON, so that comments and layout do not affect it.
 * @param file only for the problems; the file is not opened
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
      const { compiled, findings: compileFindings } = compileSection(section, calendars)
      const findings = [...known, ...compileFindings]
      if (!shape.success || findings.length > 0) return { ok: false, problems: problemsOf(findings) }
      const kept = documentOf(shape.data, calendars)
      return { ok: true, configuration: shape.data, calendars, document: kept, hash: hashOf(kept), compiled }
    },
  }
}

/** Parses and validates in one step: see `readConfiguration`. */
export const parseConfiguration = (
  text: string,
  file: string,
  calendars: ReadonlyMap<string, string> = new Map(),
): ParsedConfiguration => readConfiguration(text, file).settle(calendars)

/** Guardrails to try out; `configuration` if the text was a whole postern.yaml. */
export type ParsedCandidate =
  | {
      ok: true
      section: GuardrailsSection
      configuration: Configuration | null
      hash: string
      compiled: CompiledGuardrail[]
    }
  | { ok: false; problems: ConfigurationProblem[] }

/** Does the text contain only guardrails? Then the other required keys are not missing. */
const isOnlyGuardrails = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).every((key) => Object.hasOwn(guardrailsSection.shape, key))

/**
 * Parses a policy to try out, which never becomes the current policy: the text of a whole postern.yaml, or only its
 * keys `guardrails`, `guardrailPack` and `risks`. Problems are reported as by `readConfiguration`.
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
