import { expect, test } from 'vitest'
import { growthOf } from '#testing/steps'
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
])('pattern "%s" matches %s: %s', (pattern, path, expected) => {
  expect(allowsPath(rule(pattern), 'get', path)).toBe(expected)
})

test('a path needs its verb, and resource rules never allow a path', () => {
  expect(allowsPath(rule('*'), 'post', '/x')).toBe(false)
  expect(allowsPath([{ verbs: ['*'], nonResourceURLs: ['/x'] }], 'post', '/x')).toBe(true)
  expect(allowsPath([{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], 'get', '/x')).toBe(false)
  expect(allowsPath([{ nonResourceURLs: ['*'] }, {}], 'get', '/x')).toBe(false)
})

test('a pattern of stars takes no time', () => {
  const stars = (count: number) => '*'.repeat(count)
  expect(allowsPath(rule(`/${stars(50_000)}x`), 'get', '/')).toBe(false)
  expect(growthOf(50_000, (count) => () => allowsPath(rule(`/${stars(count)}x`), 'get', '/'))).toBeLessThan(5)
  expect(growthOf(50_000, (count) => () => allowsPath(rule(`/${stars(count)}`), 'get', '/'))).toBeLessThan(5)
})
