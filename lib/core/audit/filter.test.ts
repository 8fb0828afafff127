import { expect, test } from 'vitest'
import { formatFilter, instantOf, parseFilter, queryOf } from './filter.ts'

test('tokens become a filter and come back as the same text', () => {
  const text = 'actor:"Mina Okafor" cluster:prod-eu type:grant.ended from:2026-11-01'
  expect(parseFilter(text)).toEqual({
    actor: 'Mina Okafor',
    cluster: 'prod-eu',
    type: 'grant.ended',
    from: '2026-11-01',
  })
  expect(formatFilter(parseFilter(text))).toBe(text)
})

test('an id or a name alone is understood', () => {
  expect(parseFilter('req_0123456789abcdefghjkmnpqrs')).toEqual({ request: 'req_0123456789abcdefghjkmnpqrs' })
  expect(parseFilter('mina okafor')).toEqual({ actor: 'mina okafor' })
})

test('an unknown key is not silently dropped', () => {
  expect(parseFilter('user:mina')).toEqual({ actor: 'user:mina' })
})

test('the URL holds what is set and nothing else', () => {
  expect(queryOf({ actor: 'a b', type: '' }, { cursor: 'x', open: '' })).toBe('actor=a+b&cursor=x')
})

test('a day as an end includes that day, and nonsense is no instant', () => {
  expect(instantOf('2026-11-01')?.toISOString()).toBe('2026-11-01T00:00:00.000Z')
  expect(instantOf('2026-11-01', true)?.toISOString()).toBe('2026-11-02T00:00:00.000Z')
  expect(instantOf('2026-11-01T09:00:00+01:00')?.toISOString()).toBe('2026-11-01T08:00:00.000Z')
  for (const text of ['', 'yesterday', '2026-13-40', '1']) expect(instantOf(text)).toBeUndefined()
})
