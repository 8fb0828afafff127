import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileExpression } from '#lib/core/guardrails/cel/expression'
import { functions, methods } from '#lib/core/guardrails/cel/functions'
import { types, variables } from '#lib/core/guardrails/cel/vocabulary'
import { monday, someFacts } from './facts.testing.ts'
import { judge } from './judge-configured.ts'
import { guardrailSchema } from './schema.ts'

const leaf = fc.constantFrom(
  ...Object.keys(variables),
  ...[
    'x',
    'y',
    "'a'",
    "'*'",
    '1',
    '2.5',
    'true',
    'null',
    '[]',
    "['a', 'b']",
    "duration('1h')",
    "timestamp('2026-01-01T00:00:00Z')",
  ],
)
const fieldName = fc.constantFrom(...types.flatMap(({ fields }) => Object.keys(fields)), '__proto__', 'constructor')
const operator = fc.constantFrom('==', '!=', '<', '>=', '+', '-', '*', '/', '%', 'in', '&&', '||')
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.tuple(tie('expression'), fieldName).map(([of, name]) => `${of}.${name}`),
    fc.tuple(tie('expression'), operator, tie('expression')).map(([a, sign, b]) => `(${a} ${sign} ${b})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('all', 'exists', 'map', 'filter', 'exists_one'), tie('expression'))
      .map(([list, macro, body]) => `${list}.${macro}(x, ${body})`),
    fc
      .tuple(tie('expression'), fc.constantFrom(...Object.keys(methods)), fc.array(tie('expression'), { maxLength: 2 }))
      .map(([of, name, args]) => `${of}.${name}(${args.join(', ')})`),
    fc
      .tuple(fc.constantFrom(...Object.keys(functions), 'has', 'dyn'), tie('expression'))
      .map(([name, arg]) => `${name}(${arg})`),
    fc.tuple(tie('expression'), tie('expression')).map(([of, index]) => `${of}[${index}]`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    tie('expression').map((of) => `!${of}`),
  ),
}))

const judgeBy = (source: string) => {
  const result = compileExpression(source, 'bool')
  if (!result.ok) return null
  const guardrail = guardrailSchema.parse({ name: 'fuzz', description: 'x', effect: 'deny' })
  const item = { guardrail, when: result.expression, message: null, steps: [], ticket: null, time: null }
  return judge([item], someFacts(), monday)
}

test('every generated expression is refused with a message, or evaluated without throwing', () => {
  fc.assert(
    fc.property(expression, (source) => {
      const result = compileExpression(source, 'bool')
      if (!result.ok) {
        expect(result.problem.message.length).toBeGreaterThan(5)
        expect(result.problem.offset).toBeLessThanOrEqual(source.length)
      }
      judgeBy(source)
    }),
    { numRuns: 2000, verbose: 1 },
  )
})

// Expressions of the right types, so that most are evaluated. `v` is the text of the surrounding macro.
const typed = fc.letrec<{ text: string; number: string; list: string; bool: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      "'a'",
      "'patch'",
      'request.reason',
      'requester.subject',
      'cluster.labels.region',
      'v',
      "cluster.labels['gone']",
    ),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
    tie('list').map((list) => `${list}.join('-')`),
    fc.tuple(tie('list'), fc.integer({ min: 0, max: 2 })).map(([list, n]) => `${list}[${n}]`),
    fc.tuple(tie('bool'), tie('text'), tie('text')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
  number: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('0', '1', '7', "now.getHours('Asia/Kolkata')", 'size(rules)'),
    tie('text').map((text) => `${text}.size()`),
    tie('list').map((list) => `size(${list})`),
    fc
      .tuple(tie('number'), fc.constantFrom('+', '-', '*', '/', '%'), tie('number'))
      .map((parts) => `(${parts.join(' ')})`),
  ),
  list: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('request.namespaces', 'requester.groups', 'rules[0].verbs', "['a', 'patch']"),
    tie('text').map((text) => `${text}.split('a')`),
    fc.tuple(tie('list'), tie('text')).map(([list, text]) => `${list}.map(v, ${text})`),
    fc.tuple(tie('list'), tie('bool')).map(([list, bool]) => `${list}.filter(v, ${bool})`),
    fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} + ${b})`),
  ),
  bool: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('true', 'false', 'difference.known', "request.duration < duration('1h')"),
    fc.tuple(tie('text'), fc.constantFrom('==', '!=', '<'), tie('text')).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('number'), fc.constantFrom('==', '>=', '<'), tie('number')).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool')).map((parts) => `(${parts.join(' ')})`),
    fc
      .tuple(tie('list'), fc.constantFrom('all', 'exists'), tie('bool'))
      .map(([l, macro, a]) => `${l}.${macro}(v, ${a})`),
    fc.tuple(tie('text'), tie('list')).map(([text, list]) => `(${text} in ${list})`),
    tie('text').map((text) => `${text}.matches('^(a|p).*h$')`),
    tie('bool').map((bool) => `!${bool}`),
  ),
}))

test('an expression and its negation never both match, and fail together', () => {
  let judged = 0
  fc.assert(
    fc.property(typed.bool, (bool) => {
      const judgeForEach = (source: string) => judgeBy(`request.namespaces.all(v, ${source})`)
      const [positive, negative] = [judgeForEach(bool), judgeForEach(`!(${bool})`)]
      expect(positive === null).toBe(negative === null)
      if (!positive || !negative) return
      judged++
      const failed = [positive, negative].map(({ violations }) =>
        violations.some(({ sentence }) => sentence.includes("couldn't be evaluated")),
      )
      expect(failed[0]).toBe(failed[1])
      if (!failed[0]) expect(positive.violations.length + negative.violations.length).toBe(1)
    }),
    { numRuns: 1500, verbose: 1 },
  )
  expect(judged).toBeGreaterThan(500)
})

test('every text is refused, or is an expression', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 80 })), (source) => {
      judgeBy(source)
    }),
    { numRuns: 2000, verbose: 1 },
  )
})
