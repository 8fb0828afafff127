import { describe, expect, test } from 'vitest'
import { monday, someFacts } from '#lib/core/guardrails/configured/facts.testing'
import { contextOf } from './context.ts'
import { failingExpressions, refusedExpressions, trueExpressions } from './examples.testing.ts'
import { compileExpression } from './expression.ts'
import { EvaluationError } from './values.ts'

const context = contextOf(someFacts(), monday)
const run = (source: string) => {
  const compiled = compileExpression(source, 'bool')
  if (!compiled.ok) throw new Error(compiled.problem.message)
  return compiled.expression.run(context)
}

describe('an expression has the value that it has in Kubernetes', () => {
  test.each(trueExpressions)('%s is true', (source) => {
    expect(run(source)).toBe(true)
  })

  test.each(failingExpressions)('%s has no value', (source) => {
    expect(() => run(source)).toThrow(EvaluationError)
  })

  test.each(refusedExpressions)('%s is refused when the policy is loaded', (source, message) => {
    expect(compileExpression(source, 'bool')).toMatchObject({
      ok: false,
      problem: { message: expect.stringMatching(message) },
    })
  })
})
