// A file of cases, as it stands beside a policy: a YAML list, read with the place of every problem.
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { givenSchema, policyCaseSchema, type ReadPolicyCase } from './policy-case.ts'

/** Line and column count from 1. */
export type CaseProblem = { line: number; column: number; path: string; message: string }
export type PolicyCaseFile = { ok: true; cases: ReadPolicyCase[] } | { ok: false; problems: CaseProblem[] }

const maxBytes = 4 * 1024 * 1024
const casesSchema = z.array(policyCaseSchema).min(1, 'write at least one case').max(10_000)

/** Where a path leads, or what is nearest above it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

type ReadYaml<T> = { ok: true; value: T } | { ok: false; problems: CaseProblem[] }

/** One YAML document as the schema says, or every problem with its place. */
function readYaml<S extends z.ZodType>(text: string, schema: S): ReadYaml<z.output<S>> {
  const lines = new LineCounter()
  const problemAt = (offset: number, path: readonly PropertyKey[], message: string): CaseProblem => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col), path: path.join('.'), message }
  }
  if (text.length > maxBytes) return { ok: false, problems: [problemAt(0, [], `must be at most ${maxBytes} bytes`)] }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  if (document.errors.length) {
    return { ok: false, problems: document.errors.map(({ pos, message }) => problemAt(pos[0], [], message)) }
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return { ok: false, problems: [problemAt(0, [], error instanceof Error ? error.message : 'cannot be read')] }
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return { ok: true, value: parsed.data }
  return {
    ok: false,
    problems: parsed.error.issues.map(({ path, message }) => problemAt(offsetOf(document, path), path, message)),
  }
}

/** Reads the cases of one file; with problems, nothing of it is used. */
export function parsePolicyCases(text: string): PolicyCaseFile {
  const read = readYaml(text, casesSchema)
  return read.ok ? { ok: true, cases: read.value } : read
}

/** Reads what a case gives, alone; an empty text is a harmless request. */
export const parseSample = (text: string): ReadYaml<ReadPolicyCase['given']> =>
  readYaml(text.trim() ? text : '{}', givenSchema)
