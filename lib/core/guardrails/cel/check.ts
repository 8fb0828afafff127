// Is an expression valid, which type does it have, and how expensive can it become? One walk over its syntax tree answers
// this: with the largest sizes when the policy is loaded, and with the actual sizes before each evaluation. CEL loops only
// over lists, so the bound is plain arithmetic and no evaluation has to be interrupted. What it accepts, Kubernetes accepts.
import type { ASTNode } from '@marcbachmann/cel-js'
import { nearest } from '#lib/core/access/nearest'
import { functions, literalProblem, methods } from './functions.ts'
import {
  bool,
  double,
  duration,
  either,
  holdsObjects,
  int,
  listOf,
  never,
  nothing,
  type Shape,
  text,
  timestamp,
  typeName,
  weight,
} from './shape.ts'
import { isInt64 } from './values.ts'

/** Thrown for what Postern does not accept. The message says what would be right. */
export class NotInDialect extends Error {
  readonly offset: number
  constructor(node: ASTNode, message: string, offset = node.pos) {
    super(message)
    this.offset = offset
  }
}

type Scope = Readonly<Record<string, Shape>>
type Walked = { shape: Shape; cost: number }

export const macros = ['all', 'exists', 'exists_one', 'map', 'filter']

export const macroForm = (name: string): string =>
  `Write ${name} as list.${name}(x, …), where x is a name of your choice.`

/** ` Did you mean x?` where a known word is similar, else ` Known are: …`. */
function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant ? ` Did you mean ${meant}?` : ` Known are: ${known.join(', ')}.`
}

const is = (shape: Shape, kind: Shape['kind']) => shape.kind === kind || shape.kind === 'never'

function requireBool(node: ASTNode, { shape }: Walked, what: string) {
  if (!is(shape, 'bool')) throw new NotInDialect(node, `${what} must return bool, not ${typeName(shape)}.`, node.start)
}

function select(node: ASTNode, of: Shape, name: string): Shape {
  if (of.kind === 'never') return never
  if (of.kind === 'map') return of.of
  if (of.kind !== 'object')
    throw new NotInDialect(node, `There is no field ${name}: the value before it has no fields.`)
  const field = Object.hasOwn(of.fields, name) ? of.fields[name] : undefined
  if (field) return field
  throw new NotInDialect(node, `${of.name} has no field ${name}.${suggestion(name, Object.keys(of.fields))}`)
}

export function literalOf(node: ASTNode | undefined): unknown {
  return node?.op === 'value' ? node.args : undefined
}

function walkMacro(node: ASTNode, name: string, receiver: ASTNode, args: readonly ASTNode[], scope: Scope): Walked {
  const range = walk(receiver, scope)
  const [variable, ...bodies] = args
  if (variable?.op !== 'id' || bodies.length < 1 || bodies.length > (name === 'map' ? 2 : 1)) {
    throw new NotInDialect(node, macroForm(name))
  }
  const shape = range.shape.kind === 'never' ? listOf(0, never) : range.shape
  if (shape.kind !== 'list' && shape.kind !== 'map') throw new NotInDialect(receiver, `${name} needs a list or a map.`)
  const element = shape.kind === 'list' ? shape.of : text(weight(shape.of) * 10)
  const walked = bodies.map((body) => walk(body, { ...scope, [variable.args]: element }))
  const conditions = name === 'map' ? bodies.length - 1 : 1
  for (const [index, body] of bodies.slice(0, conditions).entries()) {
    requireBool(body, walked[index] ?? range, `The condition of ${name}`)
  }
  const each = walked.reduce((sum, { cost }) => sum + cost, 4)
  const cost = range.cost + 2 + shape.max * each
  if (name === 'map') return { cost, shape: listOf(shape.max, walked.at(-1)?.shape ?? never) }
  return { cost, shape: name === 'filter' ? listOf(shape.max, element) : bool }
}

/** Does a value of this shape fit a parameter of this type? */
function fits(shape: Shape, type: string): boolean {
  if (shape.kind === 'list' && type === 'list<string>') return is(shape.of, 'string')
  return is(shape, type as Shape['kind'])
}

function walkCall(node: ASTNode, name: string, args: readonly ASTNode[], scope: Scope, isMethod: boolean): Walked {
  const known = isMethod ? methods : functions
  const call = Object.hasOwn(known, name) ? known[name] : undefined
  if (!call) {
    const names = isMethod ? [...Object.keys(methods), ...macros] : [...Object.keys(functions), 'has']
    throw new NotInDialect(node, `There is no function ${name}.${suggestion(name, names)}`)
  }
  const literals = args.map(literalOf)
  const problem = literalProblem(name, literals)
  if (problem) throw new NotInDialect(args.at(-1) ?? node, `${problem}.`)
  const walked = args.map((arg) => walk(arg, scope))
  const shapes = walked.map(({ shape }) => shape)
  const isDefined = call.takes.some((overload) => {
    const types = overload.split(', ')
    return types.length === shapes.length && shapes.every((shape, index) => fits(shape, types[index] ?? ''))
  })
  if (!isDefined) {
    const message = `${name} can't be called with these arguments. Check their number and types.`
    throw new NotInDialect(node, message, node.start)
  }
  const before = walked.reduce((sum, { cost }) => sum + cost, 2)
  return { cost: before + call.cost(shapes, literals), shape: call.returns(shapes) }
}

function walkHas(node: ASTNode, args: readonly ASTNode[], scope: Scope): Walked {
  const [target] = args
  if (args.length !== 1 || target?.op !== '.')
    throw new NotInDialect(node, 'has() requires one field, such as has(a.b).')
  return { cost: walk(target, scope).cost + 1, shape: bool }
}

/** The shape of a sum or difference, or null if it is not defined. */
function sumOf(op: string, a: Shape, b: Shape): Shape | null {
  if (a.kind === 'never' || b.kind === 'never') return a.kind === 'never' ? b : a
  if (a.kind === 'timestamp' && op === '-' && b.kind === 'timestamp') return duration
  if (a.kind === 'timestamp' && b.kind === 'duration') return timestamp
  if (a.kind === 'duration' && op === '+' && b.kind === 'timestamp') return timestamp
  const both = either(a, b)
  if (op === '+' && both?.kind === 'string') return text(lengthOf(a) + lengthOf(b))
  if (op === '+' && both?.kind === 'list') return listOf(lengthOf(a) + lengthOf(b), both.of)
  return both && ['int', 'double', 'duration'].includes(both.kind) ? both : null
}

const lengthOf = (shape: Shape) => ('max' in shape ? shape.max : 0)
const isNumber = (shape: Shape) => is(shape, 'int') || is(shape, 'double')
const ordered: readonly string[] = ['bool', 'int', 'double', 'string', 'timestamp', 'duration', 'never']

/** The shape of the result, or null if the operator is not defined for these operands. */
function resultOf(op: string, a: Shape, b: Shape): Shape | null {
  const both = either(a, b)
  switch (op) {
    case '==':
    case '!=':
      return both && bool
    case 'in':
      if (b.kind === 'map') return is(a, 'string') ? bool : null
      return b.kind === 'never' || (b.kind === 'list' && either(a, b.of)) ? bool : null
    case '+':
    case '-':
      return sumOf(op, a, b)
    case '*':
    case '/':
      return both && isNumber(both) ? both : null
    case '%':
      return both && is(both, 'int') ? both : null
    default:
      return (both && ordered.includes(both.kind)) || (isNumber(a) && isNumber(b)) ? bool : null
  }
}

const comparisons = ['==', '!=', 'in', '<', '<=', '>', '>=']
const arithmetic = ['+', '-', '*', '/', '%']

function walkBinary(node: ASTNode, left: Walked, right: Walked): Walked {
  const cost = left.cost + right.cost + 1
  const [a, b] = [left.shape, right.shape]
  // Objects of a ValidatingAdmissionPolicy compare field by field. No author of a guardrail means that.
  if (comparisons.includes(node.op) && (holdsObjects(a) || holdsObjects(b))) {
    throw new NotInDialect(node, `${node.op} can't compare objects. Compare one of their fields.`)
  }
  const shape = resultOf(node.op, a, b)
  if (!shape) {
    const message = `${node.op} is not defined for ${typeName(a)} and ${typeName(b)}.`
    throw new NotInDialect(node, message, node.start)
  }
  if (node.op === '+') return { cost: cost + weight(a) + weight(b), shape }
  if (node.op === 'in')
    return { cost: cost + (b.kind === 'list' ? b.max * Math.min(weight(a), weight(b.of)) : 1), shape }
  return { cost: cost + Math.min(weight(a), weight(b)), shape }
}

function walkLiteral(node: ASTNode, value: unknown): Walked {
  if (typeof value === 'string') return { cost: 1, shape: text(value.length) }
  if (typeof value === 'boolean') return { cost: 1, shape: bool }
  if (typeof value === 'number') return { cost: 1, shape: double }
  if (value === null) return { cost: 1, shape: nothing }
  if (typeof value === 'bigint') {
    if (!isInt64(value)) throw new NotInDialect(node, 'An integer has at most 64 bits.')
    return { cost: 1, shape: int }
  }
  if (value instanceof Uint8Array) throw new NotInDialect(node, 'Bytes are not supported. Use a string.')
  throw new NotInDialect(node, 'Unsigned integers are not supported. Write 1 instead of 1u.')
}

function walkMinus(node: ASTNode, operand: ASTNode, scope: Scope): Walked {
  const literal = literalOf(operand)
  // The smallest integer has no positive counterpart.
  if (literal === 2n ** 63n) return { cost: 2, shape: int }
  const { cost, shape } = walk(operand, scope)
  if (!isNumber(shape)) throw new NotInDialect(node, `- is not defined for ${typeName(shape)}.`, node.start)
  return { cost: cost + 1, shape }
}

function walkList(node: ASTNode, elements: readonly ASTNode[], scope: Scope): Walked {
  const walked = elements.map((element) => walk(element, scope))
  let of = never
  for (const [index, { shape }] of walked.entries()) {
    const both = either(of, shape)
    if (!both) {
      const message = `A list has elements of one type, and this one has ${typeName(of)} and ${typeName(shape)}.`
      throw new NotInDialect(node, message, elements[index]?.start)
    }
    of = both
  }
  return { cost: walked.reduce((sum, { cost }) => sum + cost, 1), shape: listOf(walked.length, of) }
}

function walkIndex(node: ASTNode, of: Walked, index: Walked): Walked {
  const { shape } = of
  if (shape.kind !== 'list' && shape.kind !== 'map' && shape.kind !== 'never') {
    throw new NotInDialect(node, 'Brackets index lists and maps only. Write .name for a field.')
  }
  const key = shape.kind === 'map' ? 'string' : 'int'
  if (!is(index.shape, key)) {
    const message = `The index of a ${shape.kind === 'map' ? 'map' : 'list'} is ${key}, not ${typeName(index.shape)}.`
    throw new NotInDialect(node, message)
  }
  return { cost: of.cost + index.cost + 1, shape: 'of' in shape ? shape.of : never }
}

function walkConditional(node: ASTNode, parts: readonly ASTNode[], scope: Scope): Walked {
  const [condition, ifTrue, ifFalse] = parts.map((part) => walk(part, scope))
  if (!condition || !ifTrue || !ifFalse) throw new NotInDialect(node, 'Write a conditional as a ? b : c.')
  requireBool(parts[0] ?? node, condition, 'The condition before ?')
  const shape = either(ifTrue.shape, ifFalse.shape)
  if (!shape) {
    const message = `Both results of a conditional have one type, and these are ${typeName(ifTrue.shape)} and ${typeName(ifFalse.shape)}.`
    throw new NotInDialect(node, message)
  }
  return { cost: condition.cost + ifTrue.cost + ifFalse.cost + 1, shape }
}

/**
 * The shape of the result and the maximum number of steps, for variables of these shapes.
 * @throws NotInDialect
 */
export function walk(node: ASTNode, scope: Scope): Walked {
  switch (node.op) {
    case 'value':
      return walkLiteral(node, node.args)
    case 'id': {
      const shape = Object.hasOwn(scope, node.args) ? scope[node.args] : undefined
      if (shape) return { cost: 1, shape }
      throw new NotInDialect(node, `There is no variable ${node.args}.${suggestion(node.args, Object.keys(scope))}`)
    }
    case '.': {
      const of = walk(node.args[0], scope)
      return { cost: of.cost + 1, shape: select(node, of.shape, node.args[1]) }
    }
    case '[]':
      return walkIndex(node, walk(node.args[0], scope), walk(node.args[1], scope))
    case 'call':
      if (node.args[0] === 'has') return walkHas(node, node.args[1], scope)
      return walkCall(node, node.args[0], node.args[1], scope, false)
    case 'rcall': {
      const [name, receiver, args] = node.args
      if (macros.includes(name)) return walkMacro(node, name, receiver, args, scope)
      return walkCall(node, name, [receiver, ...args], scope, true)
    }
    case 'list':
      return walkList(node, node.args, scope)
    case '?:':
      return walkConditional(node, node.args, scope)
    case '!_': {
      const of = walk(node.args, scope)
      requireBool(node.args, of, 'The operand of !')
      return { cost: of.cost + 1, shape: bool }
    }
    case '-_':
      return walkMinus(node, node.args, scope)
    case '&&':
    case '||': {
      const [left, right] = [walk(node.args[0], scope), walk(node.args[1], scope)]
      requireBool(node.args[0], left, `The left operand of ${node.op}`)
      requireBool(node.args[1], right, `The right operand of ${node.op}`)
      return { cost: left.cost + right.cost + 1, shape: bool }
    }
    default: {
      if (![...comparisons, ...arithmetic].includes(node.op))
        throw new NotInDialect(node, `${node.op === 'map' ? 'A literal map' : node.op} is not supported.`)
      const [left, right] = node.args as [ASTNode, ASTNode]
      return walkBinary(node, walk(left, scope), walk(right, scope))
    }
  }
}

/** Every node of an expression, parents first. */
export function* nodesOf(node: ASTNode): Generator<ASTNode> {
  yield node
  const below: unknown[] = Array.isArray(node.args) ? node.args.flat(2) : [node.args]
  for (const child of below) if (isNode(child)) yield* nodesOf(child)
}

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value
