// Kubernetes' own CEL is the oracle: no expression may have another value here than it has there.
// `npm run test:cel -- --cases 50000` runs more random expressions, `--seed` repeats a run (POSTERN_CEL_CASES, POSTERN_CEL_SEED).
import { describe, expect, test } from 'vitest'
import { ensureCel } from '#local/programs/programs'
import { randomFacts, randomFrom, randomQuestions } from './arbitrary.testing.ts'
import {
  failingExpressions,
  narrowerExpressions,
  refusedExpressions,
  trueExpressions,
  widerExpressions,
} from './examples.testing.ts'
import { ask, askKubernetes, differenceOf, linesOf, type Outcome, type Question } from './kubernetes.testing.ts'

const cases = Number(process.env.POSTERN_CEL_CASES ?? 2_000)
const seed = Number(process.env.POSTERN_CEL_SEED ?? Math.floor(Math.random() * 2 ** 31))
const timeout = 60_000 + cases * 20

const oracle = await ensureCel((line) => process.stderr.write(`${line}\n`))
if (!oracle) {
  process.stderr.write(
    "NOT RUN: the comparison with Kubernetes' CEL, because go is not installed and local/cel was never built\n",
  )
}

const constantFails =
  /^type conversion error|^integer overflow|^division by zero|^modulus by zero|invalid matches argument/

/**
 * Does Kubernetes refuse to load this expression for a reason that does not concern its value? It refuses constants that
 * fail, wherever they stand; elements of `[]` that are used as two types; and its check of patterns takes the text of
 * `matches('text', 'pattern')` for a pattern.
 */
const isRefusedUnevaluated = (expression: string, their: Outcome) =>
  'refused' in their &&
  (constantFails.test(their.refused) ||
    (their.refused.includes('found no matching overload') && expression.includes('[]')))

const kindOf = (outcome: Outcome | undefined) => Object.keys(outcome ?? {})[0]

describe.skipIf(!oracle)("compared with Kubernetes' CEL", () => {
  const { program = '', conformance = '' } = oracle ?? {}
  const here = { ...randomFacts(randomFrom(1)) }
  const question = (expression: string): Question => ({ expression, ...here })

  async function differences(questions: readonly Question[]) {
    const theirs = await askKubernetes(program, questions)
    const ours = questions.map(ask)
    const different = questions.flatMap(({ expression }, index) => {
      const [our, their] = [ours[index], theirs[index]]
      if (!our || !their) throw new Error('an answer is missing')
      const difference = differenceOf(our, their)
      if (!difference || isRefusedUnevaluated(expression, their)) return []
      return [`${expression}\n  ${difference}`]
    })
    return { different, ours, theirs }
  }

  test('every example has the value that it has in Kubernetes', { timeout }, async () => {
    const kindsOf = async (expressions: readonly string[]) => {
      const { different, ours, theirs } = await differences(expressions.map(question))
      expect(different).toEqual([])
      return { ours, theirs }
    }
    const { ours } = await kindsOf(trueExpressions)
    expect(ours).toEqual(ours.map(() => ({ value: { bool: true } })))
    const { theirs } = await kindsOf(failingExpressions)
    expect(theirs.filter((outcome) => 'value' in outcome)).toEqual([])
    await kindsOf(refusedExpressions.map(([expression]) => expression))
  })

  test('the differences that docs/guardrails.md names exist', { timeout }, async () => {
    const outcomesOf = async (expressions: readonly string[]) => {
      const questions = expressions.map(question)
      const theirs = await askKubernetes(program, questions)
      return questions.map((of, index) => [of.expression, kindOf(ask(of)) === 'value', kindOf(theirs[index])])
    }
    expect(await outcomesOf(narrowerExpressions)).toEqual(narrowerExpressions.map((of) => [of, false, 'value']))
    expect(await outcomesOf(widerExpressions)).toEqual(widerExpressions.map((of) => [of, true, 'refused']))
  })

  test('no conformance case of cel-spec has another value', { timeout }, async () => {
    type Case = { name: string; expression: string; bindings?: Record<string, string> }
    const specified = (await linesOf(program, ['conformance', conformance])) as Case[]
    // A bound variable becomes the variable of a macro over a list with its value.
    const questions = specified.map(({ expression, bindings = {} }) =>
      question(
        Object.entries(bindings).reduce((body, [name, literal]) => `[${literal}].map(${name}, ${body})[0]`, expression),
      ),
    )
    const { different, ours } = await differences(questions)
    expect(different).toEqual([])
    expect(ours.filter((outcome) => 'value' in outcome).length).toBeGreaterThan(500)
  })

  test('no random expression has another value', { timeout }, async () => {
    process.stdout.write(`cel oracle: POSTERN_CEL_SEED=${seed} POSTERN_CEL_CASES=${cases}\n`)
    const { different, ours, theirs } = await differences(randomQuestions(cases, seed))
    expect(different.slice(0, 5)).toEqual([])
    const both = (kind: string) =>
      ours.filter((our, index) => kindOf(our) === kind && kindOf(theirs[index]) === kind).length
    process.stdout.write(
      `cel oracle: ${cases} expressions, ${both('value')} with a value, ${both('failed')} without one, 0 different\n`,
    )
    // Both must occur often enough to be meaningful.
    expect(both('value')).toBeGreaterThan(cases / 2)
    expect(both('failed')).toBeGreaterThan(cases / 20)
  })
})
