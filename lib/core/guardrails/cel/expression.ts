// One CEL expression: checked once when the policy is loaded, and evaluated for each request.
import { Environment } from '@marcbachmann/cel-js'
import { macroForm, NotInDialect, nodesOf, walk } from './check.ts'
import { evaluator } from './evaluate.ts'
import { typeName } from './shape.ts'
import type { Value } from './values.ts'
import { type Context, exactShapesFor, largest, type Shapes, variables } from './vocabulary.ts'

/** For the largest request that Postern accepts. A step takes about 100 ns. */
export const maxStepsOnLoading = 10_000_000

export type Expression = {
  source: string
  /** The name of the type of its value. */
  type: string
  /** The variables that it uses. */
  mentions: ReadonlySet<string>
  /** The maximum number of steps for variables of these shapes. */
  steps: (shapes: Shapes) => number
  /** @throws on any error of the evaluation, which the caller counts as a violation */
  run: (context: Context) => Value
}

/** What is wrong, and at which character of the expression. */
export type ExpressionProblem = { message: string; offset: number }
export type CompiledExpression = { ok: true; expression: Expression } | { ok: false; problem: ExpressionProblem }

// Only its parser is used. The limits are large enough for any expression that a person can review.
const parser = new Environment({ limits: { maxAstNodes: 600, maxDepth: 48, maxListElements: 200 } })
const largestShapes = exactShapesFor(largest)

const failed = (message: string, offset: number): CompiledExpression => ({ ok: false, problem: { message, offset } })

/** Errors of the parser carry a one-line summary and a range; anything else has a message. */
function problemOf(error: unknown): ExpressionProblem {
  if (error instanceof NotInDialect) return { message: error.message, offset: error.offset }
  if (!(error instanceof Error)) return { message: String(error), offset: 0 }
  const { summary = error.message, range } = error as Error & { summary?: string; range?: { start: number } }
  const macro = /^(\w+)\(.*invalid predicate iteration variable/.exec(summary)?.[1]
  const offset = range?.start ?? 0
  if (macro) return { message: macroForm(macro), offset }
  return { message: /EOF/.test(summary) ? 'The expression is incomplete.' : `${summary.replace(/\.$/, '')}.`, offset }
}

/** Checks an expression against the variables, the supported CEL and the cost limit. */
export function parseExpression(source: string): CompiledExpression {
  try {
    const { ast } = parser.parse(source)
    const { cost, shape } = walk(ast, largestShapes)
    if (cost > maxStepsOnLoading) {
      const message = `On the largest request this expression would take ${Math.ceil(cost / 1e6)} million steps; the limit is ${maxStepsOnLoading / 1e6} million. Nest fewer lists.`
      return failed(message, 0)
    }
    const names = [...nodesOf(ast)].flatMap((node) => (node.op === 'id' ? [node.args] : []))
    const counted = new WeakMap<Shapes, number>()
    const evaluate = evaluator(ast)
    const expression: Expression = {
      source,
      type: typeName(shape),
      mentions: new Set(names.filter((name) => Object.hasOwn(variables, name))),
      steps: (shapes) => {
        const steps = counted.get(shapes) ?? walk(ast, shapes).cost
        counted.set(shapes, steps)
        return steps
      },
      run: (context) => evaluate(context, []),
    }
    return { ok: true, expression }
  } catch (error) {
    return { ok: false, problem: problemOf(error) }
  }
}

/** As `parseExpression`, and checks the type of the result as well. */
export function compileExpression(
  source: string,
  expectedType: 'bool' | 'string' | 'list<string>',
): CompiledExpression {
  const result = parseExpression(source)
  if (!result.ok || result.expression.type === expectedType) return result
  return failed(`The expression returns ${result.expression.type}; it must return ${expectedType}.`, 0)
}
