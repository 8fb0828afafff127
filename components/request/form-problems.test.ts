import { expect, test } from 'vitest'
import { fieldOf, sortProblems } from './form-problems.ts'

const problem = (pointer: string, message = `wrong: ${pointer}`) => ({ pointer, message })

test('each problem is shown once, in one place', () => {
  const reason = problem('/reason')
  const all = [reason, problem('/namespaces/1'), problem(''), reason, problem('/entitlement')]
  const sorted = sortProblems(all, (field) => field === 'reason')
  expect(sorted).toEqual({
    beside: [reason],
    needed: [problem('/namespaces/1')],
    general: [problem(''), problem('/entitlement')],
  })
})

test('a problem inside a field belongs to it, and a longer name is another field', () => {
  expect(fieldOf(problem('/rules/0/verbs'))).toBe('rules')
  expect(fieldOf(problem('/reasons'))).toBeUndefined()
})
