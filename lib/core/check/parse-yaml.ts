// Parses the text of one YAML document and accepts what kubectl accepts. kubectl reads YAML with a port of libyaml, which allows more
// than the YAML 1.2 of our parser: flow collections and quoted texts with any indentation, and other line breaks.
import { Composer, type Document, Lexer, Parser, type YAMLParseError, type YAMLWarning } from 'yaml'

/** The parts of the lexer that this file relies on. `indentNext` is the least indentation of a continued line. */
type Inner = {
  indentNext: number
  parseFlowCollection(): Generator<string, unknown>
  parseQuotedScalar(): Generator<string, unknown>
}

/** Calls a method of the lexer without a least indentation. */
function* withoutIndent(lexer: Inner, method: () => Generator<string, unknown>) {
  const { indentNext } = lexer
  lexer.indentNext = 0
  const result = yield* method.call(lexer)
  lexer.indentNext = indentNext
  return result
}

// NB: these methods are not part of the library's interface. parse-yaml.cluster.test.ts compares the results with kubectl's, so an
// update of the library that renames them is noticed.
const original = Lexer.prototype as unknown as Inner

function lenientLexer(): Lexer {
  const lexer = new Lexer()
  return Object.assign(lexer, {
    parseFlowCollection: () => withoutIndent(lexer as unknown as Inner, original.parseFlowCollection),
    parseQuotedScalar: () => withoutIndent(lexer as unknown as Inner, original.parseQuotedScalar),
  })
}

// libyaml also breaks lines at these. The replacements are as long as what they replace, so places stay correct.
const otherBreaks = /\r(?!\n)|[\u0085\u2028\u2029]/g

/** Directives at the end belong to the next document, which `DocumentSplitter` has cut off. They become comments. */
function withoutTrailingDirectives(text: string): string {
  let end = text.trimEnd().length
  while (end > 0) {
    const start = text.lastIndexOf('\n', end - 1)
    if (start < 0 || text[start + 1] !== '%') break
    end = start
  }
  const rest = text.slice(end)
  return text.slice(0, end) + rest.replaceAll('\n%', '\n#')
}

const normalize = (text: string): string => withoutTrailingDirectives(text.replace(otherBreaks, '\n'))

/** kubectl ignores unknown tags, and needs no space before a comment that follows a quoted text. */
const isAccepted = ({ code, message }: YAMLParseError | YAMLWarning) =>
  code === 'TAG_RESOLVE_FAILED' || message.startsWith('Comments must be separated')

export type ParsedYaml = { documents: Document[]; problems: (YAMLParseError | YAMLWarning)[] }

/** More than one document only where libyaml sees a line break before a `---` and `DocumentSplitter` sees none. */
export function parseYaml(text: string): ParsedYaml {
  const normal = normalize(text)
  const parser = new Parser()
  Object.assign(parser, { lexer: lenientLexer() })
  const composer = new Composer({
    prettyErrors: false,
    strict: true,
    // `Nodes` checks both where it reads, because the library needs quadratic time for them.
    uniqueKeys: false,
    stringKeys: false,
    logLevel: 'silent',
  })
  const documents = [...composer.compose(parser.parse(normal), true, normal.length)]
  const problems = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])
  return { documents, problems: problems.filter((problem) => !isAccepted(problem)) }
}
