import { expect, test } from 'vitest'
import { joinNames, splitTypedNames, typedNames } from './typed-names.ts'

test('names are separated by spaces, commas or both', () => {
  expect(typedNames(' payments, checkout  search,')).toEqual(['payments', 'checkout', 'search'])
  expect(typedNames(' ,')).toEqual([])
})

test('a name is complete once a separator follows it', () => {
  expect(splitTypedNames('payments check')).toEqual({ names: ['payments'], typing: 'check' })
  expect(splitTypedNames('payments,payments ')).toEqual({ names: ['payments'], typing: '' })
  expect(splitTypedNames('check')).toEqual({ names: [], typing: 'check' })
})

test('joined names are split into the same names', () => {
  expect(splitTypedNames(joinNames(['a', 'b']))).toEqual({ names: ['a', 'b'], typing: '' })
  expect(joinNames([])).toBe('')
})
