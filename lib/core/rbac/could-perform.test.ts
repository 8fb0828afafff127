import { expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { couldPerform } from './could-perform.ts'

const rule = (overrides: Partial<Rule> = {}): Rule => ({
  ...{ apiGroups: ['apps'], resources: ['deployments', 'deployments/scale'], verbs: ['get', 'patch'] },
  ...overrides,
})

test.each([
  ['patch', 'deployments', true],
  ['patch', 'deployments.apps', true],
  ['patch', 'deployments.apps/scale', true],
  ['patch', 'deployments.extensions', false],
  ['delete', 'deployments', false],
  ['patch', 'deployments/status', false],
  ['patch', 'pods', false],
  ['*', 'deployments', false],
])('who could %s %s is answered by verb, group, resource and subresource', (verb, resource, expected) => {
  expect(couldPerform([rule()], { verb, resource })).toBe(expected)
})

test('a rule for some objects counts if no object is named, and only for its own objects otherwise', () => {
  const named = [rule({ resourceNames: ['web'] })]
  expect(couldPerform(named, { verb: 'patch', resource: 'deployments' })).toBe(true)
  expect(couldPerform(named, { verb: 'patch', resource: 'deployments', name: 'web' })).toBe(true)
  expect(couldPerform(named, { verb: 'patch', resource: 'deployments', name: 'api' })).toBe(false)
})

test('a wildcard rule counts for every action, and a rule without a group for none', () => {
  const all = [rule({ apiGroups: ['*'], resources: ['*'], verbs: ['*'] })]
  expect(couldPerform(all, { verb: 'delete', resource: 'secrets' })).toBe(true)
  expect(couldPerform(all, { verb: 'create', resource: 'pods/exec', name: 'web-1' })).toBe(true)
  expect(couldPerform([rule({ apiGroups: [] })], { verb: 'get', resource: 'deployments' })).toBe(false)
})
