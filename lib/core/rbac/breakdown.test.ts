import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { aRules, atomsOf } from './arbitrary.testing.ts'
import { breakdown, countQuestions, maxQuestions } from './breakdown.ts'

// Thousands of random cases: seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 })

const question = (changes: object) => ({
  namespace: 'payments',
  verb: 'get',
  group: '',
  resource: 'pods',
  subresource: '',
  name: '',
  ...changes,
})

test('every verb × group × resource × name × namespace is one question', () => {
  const rules = [
    { apiGroups: ['', 'apps'], resources: ['pods', 'pods/log'], verbs: ['get', 'list'], resourceNames: ['a', 'b'] },
  ]
  const questions = breakdown(rules, ['payments', 'checkout'])
  expect(questions).toHaveLength(32)
  expect(questions).toContainEqual(
    question({ namespace: 'checkout', verb: 'list', group: 'apps', subresource: 'log', name: 'b' }),
  )
})

test('a rule without names asks about no name; wildcards are asked as they stand', () => {
  const rules = [{ apiGroups: ['*'], resources: ['*', '*/scale', 'pods/*'], verbs: ['*'], resourceNames: [] }]
  expect(breakdown(rules, ['payments'])).toEqual([
    question({ verb: '*', group: '*', resource: '*' }),
    question({ verb: '*', group: '*', resource: '*', subresource: 'scale' }),
    question({ verb: '*', group: '*', resource: 'pods', subresource: '*' }),
  ])
})

test('each question once, and never more than were counted', () => {
  fc.assert(
    fc.property(aRules, (rules) => {
      const questions = breakdown(rules, ['payments'])
      expect(new Set(questions.map((one) => JSON.stringify(one))).size).toBe(questions.length)
      expect(questions.length).toBeLessThanOrEqual(countQuestions(rules, ['payments']))
      const atoms = new Set(
        rules.flatMap(atomsOf).map(({ name, ...atom }) => JSON.stringify({ ...atom, name: name ?? '' })),
      )
      expect(questions.length).toBe(atoms.size)
    }),
  )
})

test('more questions than can be asked are refused before they are made', () => {
  const values = Array.from({ length: 64 }, (_, n) => `x${n}`)
  const rules = [{ apiGroups: values, resources: values, verbs: values, resourceNames: values }]
  expect(countQuestions(rules, ['payments'])).toBe(64 ** 4)
  expect(() => breakdown(rules, ['payments'])).toThrow(RangeError)
  const most = [{ apiGroups: [''], resources: Array.from({ length: maxQuestions }, (_, n) => `x${n}`), verbs: ['get'] }]
  expect(breakdown(most, ['payments'])).toHaveLength(maxQuestions)
  expect(() => breakdown(most, ['payments', 'checkout'])).toThrow(RangeError)
})
