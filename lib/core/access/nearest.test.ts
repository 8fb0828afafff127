import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const known = ['name', 'title', 'who', 'clusters', 'namespaces', 'namespaceSelector', 'clientId', 'url']

test.each([
  ['clusters', 'clusters'],
  ['cluster', 'clusters'],
  ['clutsers', 'clusters'],
  ['Name', 'name'],
  ['naem', 'name'],
  ['client_id', 'clientId'],
  ['namespace-selector', 'namespaceSelector'],
  ['lru', undefined],
  ['ulr', 'url'],
  ['zzz', undefined],
  ['', undefined],
  ['x'.repeat(100_000), undefined],
])('%s suggests %s', (word, meant) => {
  expect(nearest(word, known)).toBe(meant)
})

test('no known words give no suggestion', () => {
  expect(nearest('name', [])).toBeUndefined()
})
