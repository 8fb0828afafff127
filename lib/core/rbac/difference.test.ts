import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { aRules, atomsOf } from './arbitrary.testing.ts'
import { covers } from './covers.ts'
import { effectiveDifference } from './difference.ts'

// Thousands of random cases: seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 })

const pods = (...verbs: string[]): Rule => ({ apiGroups: [''], resources: ['pods'], verbs })

test('what is new and what is there already, in each namespace, those that are alike together', () => {
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

test('who can do it all already gains nothing; who can do nothing gains it all', () => {
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }
  expect(effectiveDifference(new Map([['a', [everything]]]), [pods('get')], ['a']).gained).toEqual([])
  expect(effectiveDifference(new Map(), [pods('get')], ['a'])).toEqual({
    gained: [{ namespaces: ['a'], rules: [pods('get')] }],
    held: [],
  })
})

test('one name of something of which every name is asked for is no less new', () => {
  const named = { ...pods('get'), resourceNames: ['a'] }
  expect(effectiveDifference(new Map([['a', [named]]]), [pods('get')], ['a']).gained[0]?.rules).toEqual([pods('get')])
})

test('everything asked for is either new or there already, never both, and what is gained suffices', () => {
  const textOf = (rules: readonly Rule[]) => rules.flatMap(atomsOf).map((atom) => JSON.stringify(atom))
  fc.assert(
    fc.property(aRules, aRules, (current, asked) => {
      const { gained, held } = effectiveDifference(new Map([['a', current]]), asked, ['a'])
      const isNew = new Set(textOf(gained.flatMap(({ rules }) => rules)))
      const isHeld = new Set(textOf(held.flatMap(({ rules }) => rules)))
      expect(isNew.isDisjointFrom(isHeld)).toBe(true)
      expect(isNew.union(isHeld)).toEqual(new Set(textOf(asked)))
      expect(covers([...current, ...gained.flatMap(({ rules }) => rules)], asked).covered).toBe(true)
    }),
    { numRuns: 500 },
  )
})
