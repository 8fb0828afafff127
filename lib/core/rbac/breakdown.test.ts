import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aRules, atomsOf } from './arbitrary.testing.ts'
import { breakdown, countQuestions, maxQuestions } from './breakdown.ts'
import { hasNoName } from './nameless-verbs.ts'
import { splitResource } from './resource-name.ts'

const question = (changes: object) => ({
  namespace: 'payments',
  verb: 'get',
  group: '',
  resource: 'pods',
  subresource: '',
  name: '',
  ...changes,
})

test('each verb × group × resource × name × namespace becomes one question', () => {
  const rules = [
    { apiGroups: ['', 'apps'], resources: ['pods', 'pods/log'], verbs: ['get', 'list'], resourceNames: ['a', 'b'] },
  ]
  const questions = breakdown(rules, ['payments', 'checkout'])
  expect(questions).toHaveLength(32)
  expect(questions).toContainEqual(
    question({ namespace: 'checkout', verb: 'list', group: 'apps', subresource: 'log', name: 'b' }),
  )
})

test('a rule without names becomes questions without a name, and wildcards are kept', () => {
  const rules = [{ apiGroups: ['*'], resources: ['*', '*/scale', 'pods/*'], verbs: ['*'], resourceNames: [] }]
  expect(breakdown(rules, ['payments'])).toEqual([
    question({ verb: '*', group: '*', resource: '*' }),
    question({ verb: '*', group: '*', resource: '*', subresource: 'scale' }),
    question({ verb: '*', group: '*', resource: 'pods', subresource: '*' }),
  ])
})

test('create and deletecollection are asked about without a name, as the real calls are made', () => {
  const verbs = ['get', 'create', 'deletecollection']
  const rules = [{ apiGroups: [''], resources: ['pods', 'pods/exec'], verbs, resourceNames: ['a'] }]
  const named = breakdown(rules, ['payments']).map(({ verb, subresource, name }) => [verb, subresource, name].join(' '))
  expect(named.sort()).toEqual(
    ['create  ', 'create exec a', 'deletecollection  ', 'deletecollection exec ', 'get  a', 'get exec a'].sort(),
  )
})

test('no question is repeated, and there are never more than countQuestions returns', () => {
  fc.assert(
    fc.property(aRules, (rules) => {
      const questions = breakdown(rules, ['payments'])
      expect(new Set(questions.map((one) => JSON.stringify(one))).size).toBe(questions.length)
      expect(questions.length).toBeLessThanOrEqual(countQuestions(rules, ['payments']))
      const atoms = new Set(
        rules.flatMap(atomsOf).map(({ name, ...atom }) => {
          const isNameless = hasNoName(atom.verb, splitResource(atom.resource).subresource)
          return JSON.stringify({ ...atom, name: isNameless ? '' : (name ?? '') })
        }),
      )
      expect(questions.length).toBe(atoms.size)
    }),
  )
})

test('more questions than the limit are refused before they are built', () => {
  const values = Array.from({ length: 64 }, (_, n) => `x${n}`)
  const rules = [{ apiGroups: values, resources: values, verbs: values, resourceNames: values }]
  expect(countQuestions(rules, ['payments'])).toBe(64 ** 4)
  expect(() => breakdown(rules, ['payments'])).toThrow(RangeError)
  const most = [{ apiGroups: [''], resources: Array.from({ length: maxQuestions }, (_, n) => `x${n}`), verbs: ['get'] }]
  expect(breakdown(most, ['payments'])).toHaveLength(maxQuestions)
  expect(() => breakdown(most, ['payments', 'checkout'])).toThrow(RangeError)
})
