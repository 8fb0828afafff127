// One CEL expression: checked once when the policy is loaded, and evaluated for each request.
import type { ASTNode } from '@marcbachmann/cel-js'
import { NotInDialect, nodesOf, walk } from './cost.ts'
import { ownName, registerFunctions } from './functions.ts'
import { type Context, exactShapesFor, largest, makeEnvironment, type Shapes, variables } from './vocabulary.ts'

/** For the largest request that Postern accepts. A step takes about 100 ns. */
export const maxStepsOnLoading = 10_000_000

export type Expression = {
  source: string
  /** The variables that it uses. */
  mentions: ReadonlySet<string>
  /** The maximum number of steps for variables of these shapes. */
  steps: (shapes: Shapes) => number
  /** @throws on any error of the evaluation, which the caller counts as a violation */
  run: (context: Context) => unknown
}

/** What is wrong, and at which character of the expression. */
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
  return { message: messageOf(summary ?? error.message), offset: range?.start ?? 0 }
}

/** The library's summary, in terms that the author of a guardrail knows. */
function messageOf(summary: string): string {
  const text = summary
    .replaceAll('google.protobuf.Timestamp', 'timestamp')
    .replaceAll('google.protobuf.Duration', 'duration')
    .replaceAll('matchesRe2', 'matches')
    .replace(/\b(get[A-Z]\w*)In\b/g, '$1')
  const operands = /^no such overload: (.+) (==|!=|<=|>=|<|>|in|\+|-|\*|\/|%) (.+)/.exec(text)
  if (operands) return `${operands[2]} is not defined for ${operands[1]} and ${operands[3]}.`
  const call = /^found no matching overload for '(.+)'$/.exec(text)
  if (call) return `${call[1]} can't be called with these arguments. Check their number and types.`
  if (/EOF/.test(text)) return 'The expression is incomplete.'
  return `${text.replace(/\.$/, '')}.`
}

/** Redirects calls to Postern's own version of a function; see `ownName`. */
function callOwnFunctions(ast: ASTNode) {
  for (const node of nodesOf(ast)) {
    if (node.op === 'rcall') node.args[0] = ownName(node.args[0], node.args[2].length)
    else if (node.op === 'call' && node.args[0] === 'matches') node.args[0] = ownName('matches', 2)
  }
}

/** Checks an expression against the variables, the supported CEL, the expected type of its result and the cost limit. */
export function compileExpression(source: string, expectedType: 'bool' | 'string'): CompiledExpression {
  try {
    const { ast } = environment.parse(source)
    const { cost } = walk(ast, largestShapes)
    if (cost > maxStepsOnLoading) {
      const message = `On the largest request this expression would take ${Math.ceil(cost / 1e6)} million steps; the limit is ${maxStepsOnLoading / 1e6} million. Nest fewer lists.`
      return failed(message, 0)
    }
    const parsed = environment.parse(source)
    callOwnFunctions(parsed.ast)
    const checked = parsed.check()
    if (!checked.valid) return { ok: false, problem: problemOf(checked.error) }
    if (checked.type !== expectedType) {
      return failed(`The expression returns ${checked.type}; it must return ${expectedType}.`, 0)
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

/** A CEL duration of whole seconds. The library does not export its class, so an expression makes the value. */
export const makeDuration = (seconds: number): unknown => {
  if (!Number.isFinite(seconds)) throw new RangeError('the duration is not a number')
  return environment.evaluate(`duration('${Math.trunc(seconds)}s')`)
}
