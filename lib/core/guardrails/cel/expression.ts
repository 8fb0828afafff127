// One CEL expression: checked once when the configuration is loaded, asked on each judgement.
import type { ASTNode } from '@marcbachmann/cel-js'
import { NotInDialect, nodesOf, walk } from './cost.ts'
import { ownName, registerFunctions } from './functions.ts'
import { type Context, exactShapesFor, largest, makeEnvironment, type Shapes, variables } from './vocabulary.ts'

/** One step is at most about 100 ns. More than this for the largest request that Postern accepts is refused on loading. */
export const maxStepsOnLoading = 10_000_000

export type Expression = {
  source: string
  /** The variables it names. */
  mentions: ReadonlySet<string>
  /** The most steps for variables of these shapes. */
  steps: (shapes: Shapes) => number
  /** @throws whatever goes wrong inside: the caller counts that as a no */
  run: (context: Context) => unknown
}

/** What is wrong, in words, and how many characters into the expression. */
export type ExpressionProblem = { message: string; offset: number }
export type CompiledExpression = { ok: true; expression: Expression } | { ok: false; problem: ExpressionProblem }

const environment = registerFunctions(makeEnvironment())
const largestShapes = exactShapesFor(largest)

const failed = (message: string, offset: number): CompiledExpression => ({ ok: false, problem: { message, offset } })

/** Parser and checker errors carry a one-line summary and a range; anything else has a message. */
function problemOf(error: unknown): ExpressionProblem {
  if (error instanceof NotInDialect) return { message: error.message, offset: error.offset }
  if (!(error instanceof Error)) return { message: String(error), offset: 0 }
  const { summary, range } = error as Error & { summary?: string; range?: { start: number } }
  return { message: sayWhatIsRight(summary ?? error.message), offset: range?.start ?? 0 }
}

/** The library's summaries, in the words of somebody who writes a guardrail. */
function sayWhatIsRight(summary: string): string {
  const text = summary
    .replaceAll('google.protobuf.Timestamp', 'timestamp')
    .replaceAll('google.protobuf.Duration', 'duration')
    .replaceAll('matchesRe2', 'matches')
    .replace(/\b(get[A-Z]\w*)In\b/g, '$1')
  const operands = /^no such overload: (.+) (==|!=|<=|>=|<|>|in|\+|-|\*|\/|%) (.+)/.exec(text)
  if (operands)
    return `${operands[2]} does not go with ${operands[1]} and ${operands[3]}: both sides must be of types that fit.`
  const call = /^found no matching overload for '(.+)'$/.exec(text)
  if (call) return `${call[1]} cannot be called like this: check the number and the types of what is in the brackets.`
  if (/EOF/.test(text)) return 'The expression ends too early: something is missing.'
  return `${text.replace(/\.$/, '')}.`
}

/** Calls of functions that Postern has its own version of are led to it; see `ownName`. */
function callOwnFunctions(ast: ASTNode) {
  for (const node of nodesOf(ast)) {
    if (node.op === 'rcall') node.args[0] = ownName(node.args[0], node.args[2].length)
    else if (node.op === 'call' && node.args[0] === 'matches') node.args[0] = ownName('matches', 2)
  }
}

/**
 * Checks an expression against the vocabulary, the dialect, the type that is wanted and the bound on its work.
 * @param wanted the type of its answer
 */
export function compileExpression(source: string, wanted: 'bool' | 'string'): CompiledExpression {
  try {
    const { ast } = environment.parse(source)
    const { cost } = walk(ast, largestShapes)
    if (cost > maxStepsOnLoading) {
      const message = `On the largest request this would take ${Math.ceil(cost / 1e6)} million steps, and ${maxStepsOnLoading / 1e6} million are allowed: go through fewer lists inside each other.`
      return failed(message, 0)
    }
    const parsed = environment.parse(source)
    callOwnFunctions(parsed.ast)
    const checked = parsed.check()
    if (!checked.valid) return { ok: false, problem: problemOf(checked.error) }
    if (checked.type !== wanted) {
      const message = `This is of type ${checked.type}, and it must be ${wanted === 'bool' ? 'bool: true or false' : 'string'}.`
      return failed(message, 0)
    }
    const names = [...nodesOf(ast)].flatMap((node) => (node.op === 'id' ? [node.args] : []))
    const counted = new WeakMap<Shapes, number>()
    const expression: Expression = {
      source,
      mentions: new Set(names.filter((name) => Object.hasOwn(variables, name))),
      steps: (shapes) => {
        const steps = counted.get(shapes) ?? walk(ast, shapes).cost
        counted.set(shapes, steps)
        return steps
      },
      run: (context) => parsed(context),
    }
    return { ok: true, expression }
  } catch (error) {
    return { ok: false, problem: problemOf(error) }
  }
}

/** So many whole seconds as CEL has a length of time. The library makes it, whose class is its own. */
export const makeDuration = (seconds: number): unknown => {
  if (!Number.isFinite(seconds)) throw new RangeError('the duration is no number')
  return environment.evaluate(`duration('${Math.trunc(seconds)}s')`)
}
