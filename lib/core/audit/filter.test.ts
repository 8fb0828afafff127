import { expect, test } from 'vitest'
import { formatFilter, instantOf, parseFilter, queryOf } from './filter.ts'

test('a parsed filter is formatted as the same text', () => {
  const text = 'actor:"Mina Okafor" cluster:prod-eu type:grant.ended from:2026-11-01'
  expect(parseFilter(text)).toEqual({
    actor: 'Mina Okafor',
    cluster: 'prod-eu',
    type: 'grant.ended',
    from: '2026-11-01',
  })
  expect(formatFilter(parseFilter(text))).toBe(text)
})

test('an id or a name without a key is recognized', () => {
  expect(parseFilter('req_0123456789abcdefghjkmnpqrs')).toEqual({ request: 'req_0123456789abcdefghjkmnpqrs' })
  expect(parseFilter('mina okafor')).toEqual({ actor: 'mina okafor' })
})

test('a word with an unknown key is searched for, not silently dropped', () => {
  expect(parseFilter('user:mina')).toEqual({ actor: 'user:mina' })
})

test('the query string contains only the values that are set', () => {
  expect(queryOf({ actor: 'a b', type: '' }, { cursor: 'x', open: '' })).toBe('actor=a+b&cursor=x')
})

test('a day as the end of a range includes that day, and other text is not an instant', () => {
  expect(instantOf('2026-11-01')?.toISOString()).toBe('2026-11-01T00:00:00.000Z')
  expect(instantOf('2026-11-01', true)?.toISOString()).toBe('2026-11-02T00:00:00.000Z')
  expect(instantOf('2026-11-01T09:00:00+01:00')?.toISOString()).toBe('2026-11-01T08:00:00.000Z')
  for (const text of ['', 'yesterday', '2026-13-40', '1']) expect(instantOf(text)).toBeUndefined()
})
