// Evaluates expressions that `check.ts` accepted, so that the types of all operands are right. Each node becomes a function
// once, when the policy is loaded.
import type { ASTNode } from '@marcbachmann/cel-js'
import { literalOf, macros } from './check.ts'
import { functions, methods } from './functions.ts'
import {
  add,
  compare,
  divide,
  EvaluationError,
  equal,
  multiply,
  negate,
  remainder,
  subtract,
  type Value,
} from './values.ts'
import type { Context } from './vocabulary.ts'

/** `locals`: the variables of the macros around it, by depth. */
type Evaluate = (context: Context, locals: Value[]) => Value

// Made once for each node, because a loop can fail thousands of times.
const noKey = (key: string) => new EvaluationError(key === '' ? 'No such key' : `No such key: ${key}`)

const fieldOf = (of: Value, name: string): Value =>
  (of instanceof Map ? of.get(name) : (of as Readonly<Record<string, Value>>)[name]) as Value

const elementOf = (of: Value, index: Value): Value | undefined =>
  of instanceof Map ? of.get(index) : (of as readonly Value[])[Number(index)]

const elementsOf = (of: Value): readonly Value[] => (of instanceof Map ? [...of.keys()] : (of as readonly Value[]))

const isIn = (value: Value, of: Value): boolean =>
  of instanceof Map ? of.has(value) : (of as readonly Value[]).some((element) => equal(value, element))

const operators: Readonly<Record<string, (a: Value, b: Value) => Value>> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '%': remainder,
  '==': equal,
  '!=': (a, b) => !equal(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>': (a, b) => compare(a, b) > 0,
  '>=': (a, b) => compare(a, b) >= 0,
  in: isIn,
}

/** `decisive` is the value of one operand that decides, even if the other operand fails: true for `||`, false for `&&`. */
const logical =
  (decisive: boolean, left: Evaluate, right: Evaluate): Evaluate =>
  (context, locals) => {
    try {
      if (left(context, locals) === decisive) return decisive
    } catch (error) {
      if (right(context, locals) === decisive) return decisive
      throw error
    }
    return right(context, locals)
  }

/** `exists` and `all`: as for `||` and `&&`, one decisive element decides even if others fail. */
const quantified =
  (decisive: boolean, range: Evaluate, depth: number, body: Evaluate): Evaluate =>
  (context, locals) => {
    let failure: { error: unknown } | null = null
    for (const element of elementsOf(range(context, locals))) {
      locals[depth] = element
      try {
        if (body(context, locals) === decisive) return decisive
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure) throw failure.error
    return !decisive
  }

/** The elements of which the condition is true. */
const filtered =
  (range: Evaluate, depth: number, condition: Evaluate): ((context: Context, locals: Value[]) => readonly Value[]) =>
  (context, locals) =>
    elementsOf(range(context, locals)).filter((element) => {
      locals[depth] = element
      return condition(context, locals) === true
    })

function macroOf(name: string, range: Evaluate, depth: number, bodies: readonly Evaluate[]): Evaluate {
  const [first = range, second] = bodies
  if (name === 'all' || name === 'exists') return quantified(name === 'exists', range, depth, first)
  if (name === 'filter') return filtered(range, depth, first)
  if (name === 'exists_one') {
    const matching = filtered(range, depth, first)
    return (context, locals) => matching(context, locals).length === 1
  }
  const chosen = second ? filtered(range, depth, first) : (...at: Parameters<Evaluate>) => elementsOf(range(...at))
  const result = second ?? first
  return (context, locals) =>
    chosen(context, locals).map((element) => {
      locals[depth] = element
      return result(context, locals)
    })
}

function callOf(name: string, args: readonly ASTNode[], names: readonly string[], isMethod: boolean): Evaluate {
  const run = (isMethod ? methods : functions)[name]?.run as (...args: Value[]) => Value
  // Their arguments are literals that the check has parsed once already.
  if (name === 'timestamp' || name === 'duration') {
    const value = run(literalOf(args[0]) as string)
    return () => value
  }
  const evaluated = args.map((arg) => evaluator(arg, names))
  return (context, locals) => run(...evaluated.map((evaluate) => evaluate(context, locals)))
}

/** @param names the variables of the macros around this node, outermost first */
export function evaluator(node: ASTNode, names: readonly string[] = []): Evaluate {
  switch (node.op) {
    case 'value': {
      const value = node.args as Value
      return () => value
    }
    case 'id': {
      const depth = names.lastIndexOf(node.args)
      if (depth >= 0) return (_, locals) => locals[depth] as Value
      const name = node.args as keyof Context
      return (context) => context[name] as Value
    }
    case '.': {
      const [of, name] = [evaluator(node.args[0], names), node.args[1]]
      const noField = noKey(name)
      return (context, locals) => {
        const value = fieldOf(of(context, locals), name)
        if (value === undefined) throw noField
        return value
      }
    }
    case '[]': {
      const [of, index] = [evaluator(node.args[0], names), evaluator(node.args[1], names)]
      const literal = literalOf(node.args[1])
      const noElement = noKey(literal === undefined ? '' : `${literal}`)
      return (context, locals) => {
        const value = elementOf(of(context, locals), index(context, locals))
        if (value === undefined) throw noElement
        return value
      }
    }
    case 'call': {
      const [name, args] = node.args
      return name === 'has' ? hasOf(args[0], names) : callOf(name, args, names, false)
    }
    case 'rcall': {
      const [name, receiver, args] = node.args
      if (!macros.includes(name)) return callOf(name, [receiver, ...args], names, true)
      const inner = [...names, args[0]?.op === 'id' ? args[0].args : '']
      const bodies = args.slice(1).map((body) => evaluator(body, inner))
      return macroOf(name, evaluator(receiver, names), names.length, bodies)
    }
    case 'list': {
      const elements = node.args.map((element) => evaluator(element, names))
      return (context, locals) => elements.map((element) => element(context, locals))
    }
    case '?:': {
      const [condition, ifTrue, ifFalse] = node.args.map((part) => evaluator(part, names)) as [
        Evaluate,
        Evaluate,
        Evaluate,
      ]
      return (context, locals) => (condition(context, locals) === true ? ifTrue : ifFalse)(context, locals)
    }
    case '!_': {
      const of = evaluator(node.args, names)
      return (context, locals) => !of(context, locals)
    }
    case '-_': {
      const of = evaluator(node.args, names)
      return (context, locals) => negate(of(context, locals))
    }
    case '&&':
    case '||':
      return logical(node.op === '||', evaluator(node.args[0], names), evaluator(node.args[1], names))
    default: {
      const operate = operators[node.op]
      if (!operate) throw new Error(`${node.op} has no evaluator`)
      const [left, right] = (node.args as [ASTNode, ASTNode]).map((part) => evaluator(part, names)) as [
        Evaluate,
        Evaluate,
      ]
      return (context, locals) => operate(left(context, locals), right(context, locals))
    }
  }
}

function hasOf(target: ASTNode | undefined, names: readonly string[]): Evaluate {
  if (target?.op !== '.') throw new Error('has() needs a field')
  const [of, name] = [evaluator(target.args[0], names), target.args[1]]
  return (context, locals) => {
    const value = of(context, locals)
    if (value instanceof Map) return value.has(name)
    // Every object has all of its fields; reading one that is unknown throws.
    fieldOf(value, name)
    return true
  }
}
