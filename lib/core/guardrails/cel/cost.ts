// How expensive can an expression become, and does it use supported CEL only? One walk over its syntax tree answers both:
// with the largest sizes when the policy is loaded, and with the actual sizes before each evaluation. CEL loops only over
// lists, so the bound is plain arithmetic and no evaluation has to be interrupted.
import type { ASTNode } from '@marcbachmann/cel-js'
import { nearest } from '#lib/core/access/nearest'
import { functions, literalProblem, methods } from './functions.ts'
import { listOf, one, type Shape, text } from './vocabulary.ts'

/** Thrown for CEL that Postern does not support. The message says what to write instead. */
export class NotInDialect extends Error {
  readonly offset: number
  constructor(node: ASTNode, message: string) {
    super(message)
    this.offset = node.pos
  }
}

type Scope = Readonly<Record<string, Shape>>
type Walked = { shape: Shape; cost: number }

export const macros = ['all', 'exists', 'exists_one', 'map', 'filter']
const binary = ['!=', '==', 'in', '+', '-', '*', '/', '%', '<', '<=', '>', '>=', '||', '&&']

/** ` Did you mean x?` where a known word is similar, else ` Known are: …`. */
function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant ? ` Did you mean ${meant}?` : ` Known are: ${known.join(', ')}.`
}

/** Steps to compare or copy a whole value. */
function weight(shape: Shape): number {
  if (shape.kind === 'text') return 1 + shape.max / 10
  if (shape.kind === 'list' || shape.kind === 'map') return 1 + shape.max * weight(shape.of)
  return 1
}

const holdsObjects = (shape: Shape): boolean => shape.kind === 'object' || ('of' in shape && holdsObjects(shape.of))

/** A shape that is as large as the larger of the two. */
function larger(a: Shape, b: Shape): Shape {
  if (a.kind === 'text' && b.kind === 'text') return text(Math.max(a.max, b.max))
  if (a.kind === 'list' && b.kind === 'list') return listOf(Math.max(a.max, b.max), larger(a.of, b.of))
  return weight(b) > weight(a) ? b : a
}

function joined(a: Shape, b: Shape): Shape {
  if (a.kind === 'text' && b.kind === 'text') return text(a.max + b.max)
  if (a.kind === 'list' && b.kind === 'list') return listOf(a.max + b.max, larger(a.of, b.of))
  return larger(a, b)
}

function select(node: ASTNode, of: Shape, name: string): Shape {
  if (of.kind === 'map') return of.of
  if (of.kind !== 'object')
    throw new NotInDialect(node, `There is no field ${name}: the value before it has no fields.`)
  const field = Object.hasOwn(of.fields, name) ? of.fields[name] : undefined
  if (field) return field
  throw new NotInDialect(node, `${of.name} has no field ${name}.${suggestion(name, Object.keys(of.fields))}`)
}

function literalOf(node: ASTNode | undefined): unknown {
  return node?.op === 'value' ? node.args : undefined
}

function walkMacro(node: ASTNode, name: string, receiver: ASTNode, args: readonly ASTNode[], scope: Scope): Walked {
  const range = walk(receiver, scope)
  const [variable, ...bodies] = args
  if (variable?.op !== 'id' || bodies.length < 1 || bodies.length > (name === 'map' ? 2 : 1)) {
    throw new NotInDialect(node, `Write ${name} as list.${name}(x, …), where x is a name of your choice.`)
  }
  const { shape } = range
  if (shape.kind !== 'list' && shape.kind !== 'map') throw new NotInDialect(receiver, `${name} needs a list or a map.`)
  const inner = { ...scope, [variable.args]: shape.kind === 'list' ? shape.of : text(weight(shape.of) * 10) }
  const walked = bodies.map((body) => walk(body, inner))
  const each = walked.reduce((sum, { cost }) => sum + cost, 4)
  const last = walked.at(-1)?.shape ?? one
  const results = { map: listOf(shape.max, last), filter: listOf(shape.max, shape.kind === 'list' ? shape.of : one) }
  return { cost: range.cost + 2 + shape.max * each, shape: name === 'map' || name === 'filter' ? results[name] : one }
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
  const before = walked.reduce((sum, { cost }) => sum + cost, 2)
  return { cost: before + call.cost(shapes, literals), shape: call.shape(shapes) }
}

function walkHas(node: ASTNode, args: readonly ASTNode[], scope: Scope): Walked {
  const [target] = args
  if (args.length !== 1 || target?.op !== '.')
    throw new NotInDialect(node, 'has() requires one field, such as has(a.b).')
  // The library's own check accepts any name here, so has(request.tikcet) would always be false.
  return { cost: walk(target, scope).cost + 1, shape: one }
}

function walkBinary(node: ASTNode, left: Walked, right: Walked): Walked {
  const cost = left.cost + right.cost + 1
  const [a, b] = [left.shape, right.shape]
  // In CEL, two objects are never equal, whatever they contain. No author means that.
  if (node.op !== '+' && (holdsObjects(a) || holdsObjects(b))) {
    throw new NotInDialect(node, `${node.op} can't compare objects. Compare one of their fields.`)
  }
  if (node.op === '+') return { cost: cost + weight(a) + weight(b), shape: joined(a, b) }
  if (node.op === 'in')
    return { cost: cost + (b.kind === 'list' ? b.max * Math.min(weight(a), weight(b.of)) : 1), shape: one }
  return { cost: cost + Math.min(weight(a), weight(b)), shape: one }
}

/**
 * The shape of the result and the maximum number of steps, for variables of these shapes.
 * @throws NotInDialect
 */
export function walk(node: ASTNode, scope: Scope): Walked {
  switch (node.op) {
    case 'value': {
      if (node.args instanceof Uint8Array) throw new NotInDialect(node, 'Bytes are not supported. Use a string.')
      return { cost: 1, shape: typeof node.args === 'string' ? text(node.args.length) : one }
    }
    case 'id': {
      const shape = Object.hasOwn(scope, node.args) ? scope[node.args] : undefined
      if (shape) return { cost: 1, shape }
      throw new NotInDialect(node, `There is no variable ${node.args}.${suggestion(node.args, Object.keys(scope))}`)
    }
    case '.': {
      const of = walk(node.args[0], scope)
      return { cost: of.cost + 1, shape: select(node, of.shape, node.args[1]) }
    }
    case '[]': {
      const [of, index] = node.args.map((part) => walk(part, scope))
      if (!of || !index) throw new NotInDialect(node, 'The brackets are empty.')
      if (of.shape.kind !== 'list' && of.shape.kind !== 'map') {
        throw new NotInDialect(node, 'Brackets index lists and maps only. Write .name for a field.')
      }
      return { cost: of.cost + index.cost + 1, shape: of.shape.of }
    }
    case 'call':
      if (node.args[0] === 'has') return walkHas(node, node.args[1], scope)
      return walkCall(node, node.args[0], node.args[1], scope, false)
    case 'rcall': {
      const [name, receiver, args] = node.args
      if (macros.includes(name)) return walkMacro(node, name, receiver, args, scope)
      return walkCall(node, name, [receiver, ...args], scope, true)
    }
    case 'list': {
      const walked = node.args.map((element) => walk(element, scope))
      const of = walked.map(({ shape }) => shape).reduce(larger, one)
      return { cost: walked.reduce((sum, { cost }) => sum + cost, 1), shape: listOf(walked.length, of) }
    }
    case '?:': {
      const [condition, ifTrue, ifFalse] = node.args.map((part) => walk(part, scope))
      if (!condition || !ifTrue || !ifFalse) throw new NotInDialect(node, 'Write a conditional as a ? b : c.')
      return { cost: condition.cost + ifTrue.cost + ifFalse.cost + 1, shape: larger(ifTrue.shape, ifFalse.shape) }
    }
    case '!_':
    case '-_':
      return { cost: walk(node.args, scope).cost + 1, shape: one }
    default: {
      if (!binary.includes(node.op)) throw new NotInDialect(node, `${node.op} is not supported.`)
      const [left, right] = (node.args as [ASTNode, ASTNode]).map((part) => walk(part, scope))
      if (!left || !right) throw new NotInDialect(node, `${node.op} needs two operands.`)
      return walkBinary(node, left, right)
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
