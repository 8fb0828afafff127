import { expect, test } from 'vitest'
import { replaceTerm, suggestTerms } from './complete-filter.ts'
import { filterKeys } from './filter-terms.ts'

const values = {
  actor: ['Mina Okafor', 'Jonas Weber'],
  cluster: ['prod-eu', 'prod-us'],
  type: ['grant.ended', 'request.submitted'],
}
const atEnd = (text: string) => suggestTerms(text, text.length, values)

test('an empty filter suggests every key, and a later term the keys that are still unused', () => {
  const keys = filterKeys.filter((key) => key !== 'text').map((key) => `${key}:`)
  expect(atEnd('')).toEqual(keys)
  expect(atEnd('actor:mina cluster:prod-eu ')).toEqual(keys.filter((key) => !['actor:', 'cluster:'].includes(key)))
})

test('each term of the filter is completed, not only the first', () => {
  expect(atEnd('actor:mina type:gr')).toEqual(['type:grant.ended'])
  expect(atEnd('actor:mina cluster:')).toEqual(['cluster:prod-eu', 'cluster:prod-us'])
})

test('the term at the caret is completed, also in the middle of the text', () => {
  const text = 'type:gr cluster:prod-eu'
  expect(suggestTerms(text, 'type:gr'.length, values)).toEqual(['type:grant.ended'])
  expect(replaceTerm(text, 'type:gr'.length, 'type:grant.ended')).toEqual({
    text: 'type:grant.ended cluster:prod-eu',
    caret: 'type:grant.ended '.length,
  })
})

test('a word without a key finds keys and the values of every key', () => {
  expect(atEnd('prod')).toEqual(['cluster:prod-eu', 'cluster:prod-us'])
  expect(atEnd('sub')).toEqual(['type:request.submitted'])
  expect(atEnd('t')).toEqual(expect.arrayContaining(['type:', 'to:', 'type:grant.ended']))
})

test('a value with a space is suggested and replaced as one quoted term', () => {
  expect(atEnd('actor:mi')).toEqual(['actor:"Mina Okafor"'])
  expect(atEnd('actor:"Mina Ok')).toEqual(['actor:"Mina Okafor"'])
  expect(replaceTerm('actor:"Mina Ok', 14, 'actor:"Mina Okafor"').text).toBe('actor:"Mina Okafor" ')
})

test('a suggested key is followed by its value, without a space', () => {
  expect(replaceTerm('ty', 2, 'type:')).toEqual({ text: 'type:', caret: 5 })
})

test('text that fits nothing has no suggestions', () => {
  expect(atEnd('type:nothing-like-this')).toEqual([])
  expect(atEnd('nothing-like-this')).toEqual([])
})
