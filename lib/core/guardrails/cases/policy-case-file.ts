// Reads a file of test cases, a YAML list next to a policy, with the place of every problem.
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { givenSchema, type ParsedPolicyCase, policyCaseSchema } from '#lib/core/guardrails/pack/case'

/** Lines and columns are counted from 1. */
export type Place = { line: number; column: number }
export type CaseProblem = Place & { path: string; message: string }
/** `places`: where each case starts. */
export type PolicyCaseFile =
  | { ok: true; cases: ParsedPolicyCase[]; places: Place[] }
  | { ok: false; problems: CaseProblem[] }

const maxBytes = 4 * 1024 * 1024
const casesSchema = z.array(policyCaseSchema).min(1, 'must have at least one case').max(10_000)

/** The offset of the node at a path, or of its closest existing parent. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

type ReadYaml<T> =
  | { ok: true; value: T; placeAt: (path: readonly PropertyKey[]) => Place }
  | { ok: false; problems: CaseProblem[] }

/** One YAML document that satisfies the schema, or every problem with its place. */
function readYaml<S extends z.ZodType>(text: string, schema: S): ReadYaml<z.output<S>> {
  const lines = new LineCounter()
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problemAt = (offset: number, path: readonly PropertyKey[], message: string): CaseProblem => {
    return { ...placeOf(offset), path: path.join('.'), message }
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
    return { ok: false, problems: [problemAt(0, [], error instanceof Error ? error.message : "can't be read")] }
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) {
    return { ok: true, value: parsed.data, placeAt: (path) => placeOf(offsetOf(document, path)) }
  }
  return {
    ok: false,
    problems: parsed.error.issues.map(({ path, message }) => problemAt(offsetOf(document, path), path, message)),
  }
}

export function parsePolicyCases(text: string): PolicyCaseFile {
  const read = readYaml(text, casesSchema)
  if (!read.ok) return read
  return { ok: true, cases: read.value, places: read.value.map((_, index) => read.placeAt([index])) }
}

/** Reads the `given` of a case alone. An empty text is a request with all defaults. */
export const parseSample = (text: string): ReadYaml<ParsedPolicyCase['given']> =>
  readYaml(text.trim() ? text : '{}', givenSchema)
