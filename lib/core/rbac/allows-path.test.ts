import { expect, test } from 'vitest'
import { allowsPath } from './allows-path.ts'

const rule = (...nonResourceURLs: string[]) => [{ verbs: ['get'], nonResourceURLs }]

test.each<[string, string, boolean]>([
  ['/metrics', '/metrics', true],
  ['/metrics', '/metrics/', false],
  ['/metrics/*', '/metrics', false],
  ['/metrics/*', '/metrics/', true],
  ['/metrics*', '/metricsandmore', true],
  ['/metrics***', '/metrics', true],
  ['*', '/anything', true],
  ['**', '/anything', true],
  ['/*/v1/*', '/api/v1/x', false],
  ['/*/v1/*', '/*/v1/x', true],
  ['', '/anything', false],
])('%s for %s: %s', (pattern, path, expected) => {
  expect(allowsPath(rule(pattern), 'get', path)).toBe(expected)
})

test('the verb counts, and rules about resources do not', () => {
  expect(allowsPath(rule('*'), 'post', '/x')).toBe(false)
  expect(allowsPath([{ verbs: ['*'], nonResourceURLs: ['/x'] }], 'post', '/x')).toBe(true)
  expect(allowsPath([{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], 'get', '/x')).toBe(false)
  expect(allowsPath([{ nonResourceURLs: ['*'] }, {}], 'get', '/x')).toBe(false)
})

test('a pattern of stars takes no time', () => {
  const start = performance.now()
  expect(allowsPath(rule(`/${'*'.repeat(200_000)}x`), 'get', '/')).toBe(false)
  expect(performance.now() - start).toBeLessThan(1000)
})
