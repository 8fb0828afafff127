import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { aRules, atomsOf } from './arbitrary.testing.ts'
import { covers } from './covers.ts'
import { effectiveDifference } from './difference.ts'

const pods = (...verbs: string[]): Rule => ({ apiGroups: [''], resources: ['pods'], verbs })

test('gained and held rules are listed per namespace, with equal namespaces combined', () => {
  const current = new Map([
    ['payments', [pods('get')]],
    ['checkout', [pods('get')]],
    ['search', [pods('*')]],
  ])
  expect(effectiveDifference(current, [pods('get', 'delete')], ['search', 'payments', 'billing', 'checkout'])).toEqual({
    gained: [
      { namespaces: ['billing'], rules: [pods('delete', 'get')] },
      { namespaces: ['checkout', 'payments'], rules: [pods('delete')] },
    ],
    held: [
      { namespaces: ['checkout', 'payments'], rules: [pods('get')] },
      { namespaces: ['search'], rules: [pods('delete', 'get')] },
    ],
  })
})

test('a person with all of the permissions gains nothing, and one with none gains all', () => {
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }
  expect(effectiveDifference(new Map([['a', [everything]]]), [pods('get')], ['a']).gained).toEqual([])
  expect(effectiveDifference(new Map(), [pods('get')], ['a'])).toEqual({
    gained: [{ namespaces: ['a'], rules: [pods('get')] }],
    held: [],
  })
})

test('holding one name does not reduce a gain of every name', () => {
  const named = { ...pods('get'), resourceNames: ['a'] }
  expect(effectiveDifference(new Map([['a', [named]]]), [pods('get')], ['a']).gained[0]?.rules).toEqual([pods('get')])
})

test('every requested permission is either gained or held, never both, and the gain completes the request', () => {
  const textOf = (rules: readonly Rule[]) => rules.flatMap(atomsOf).map((atom) => JSON.stringify(atom))
  fc.assert(
    fc.property(aRules, aRules, (current, requested) => {
      const { gained, held } = effectiveDifference(new Map([['a', current]]), requested, ['a'])
      const isNew = new Set(textOf(gained.flatMap(({ rules }) => rules)))
      const isHeld = new Set(textOf(held.flatMap(({ rules }) => rules)))
      expect(isNew.isDisjointFrom(isHeld)).toBe(true)
      expect(isNew.union(isHeld)).toEqual(new Set(textOf(requested)))
      expect(covers([...current, ...gained.flatMap(({ rules }) => rules)], requested).covered).toBe(true)
    }),
    { numRuns: 500 },
  )
})
