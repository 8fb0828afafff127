import { expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { stepsOf } from '#testing/steps'
import { rulesInWords } from './sentence.ts'

const rule = (verbs: string[], apiGroups: string[], resources: string[], resourceNames?: string[]): Rule => ({
  apiGroups,
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
})

test.each<[string, Rule[]]>([
  [
    'patch deployments.apps; get, list pods',
    [rule(['patch'], ['apps'], ['deployments']), rule(['list', 'get'], [''], ['pods'])],
  ],
  [
    'get, list, watch, patch deployments.apps',
    [rule(['watch', 'patch', 'list', 'get', 'get'], ['apps'], ['deployments'])],
  ],
  ['get pods, pods/log', [rule(['get'], [''], ['pods', 'pods/log'])]],
  ['get deployments.apps/scale', [rule(['get'], ['apps'], ['deployments/scale'])]],
  ['get pods, deployments.apps', [rule(['get'], [''], ['pods']), rule(['get'], ['apps'], ['deployments'])]],
  ['get secrets named db or tls', [rule(['get'], [''], ['secrets'], ['tls', 'db'])]],
  [
    'get secrets; get secrets named db',
    [rule(['get'], [''], ['secrets'], []), rule(['get'], [''], ['secrets'], ['db'])],
  ],
  ['do anything with every resource of any group', [rule(['*'], ['*'], ['*'])]],
  ['do anything with every resource of the core group', [rule(['get', '*'], [''], ['*'])]],
  ['get every resource of apps', [rule(['get'], ['apps'], ['*'])]],
  ['get deployments of any group', [rule(['get'], ['*'], ['deployments'])]],
  ['get *.apps/scale', [rule(['get'], ['apps'], ['*/scale'])]],
  [
    'bind, escalate roles.rbac.authorization.k8s.io',
    [rule(['escalate', 'bind'], ['rbac.authorization.k8s.io'], ['roles'])],
  ],
  ['nothing', []],
  ['nothing', [rule(['get'], [], ['pods']), rule([], [''], ['pods'])]],
])('rules become the line: %s', (words, rules) => {
  expect(rulesInWords(rules)).toBe(words)
})

test('names from a cluster can neither hide nor reorder the text around them', () => {
  const words = rulesInWords([rule(['get'], [''], ['secrets'], ['a\u202eb', 'c\nd', 'e\u200bf'])])
  expect(words).toBe('get secrets named a\\u{202e}b or c\\u{a}d or e\\u{200b}f')
})

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

test('a long list is cut, and the sentence says how much more there is', () => {
  expect(rulesInWords([rule(['get'], ['apps'], numbered('r', 500))])).toMatch(
    /^get r0\.apps, r1\.apps, .*, r59\.apps and 440 more resources$/,
  )
  expect(rulesInWords([rule(numbered('v', 64), [''], ['pods'])])).toMatch(/^v0, v1, .* and 49 more verbs pods$/)
  expect(rulesInWords([rule(['get'], [''], ['pods'], numbered('n', 64))])).toMatch(
    /^get pods named n0 or n1 or .* and 49 more names$/,
  )
  expect(rulesInWords(numbered('v', 100).map((verb) => rule([verb], [''], ['pods'])))).toMatch(
    /^v0 pods; v1 pods; .*; v29 pods; and 70 more rules$/,
  )
})

test('a resource that two rules share is counted once', () => {
  const rules = [rule(['get'], [''], numbered('r', 100)), rule(['get'], [''], numbered('r', 101))]
  expect(rulesInWords(rules)).toMatch(/ and 41 more resources$/)
})

test('a sentence about the widest rules that a body can hold is short, and takes little work', () => {
  const widest = Array.from({ length: 32 }, (_, n) =>
    rule(numbered(`v${n}x`, 64), numbered('g', 64), numbered('r', 64), numbered('n', 64)),
  )
  expect(rulesInWords(widest).length).toBeLessThan(2_000)
  expect(stepsOf(() => rulesInWords(widest))).toBeLessThan(100_000)
})

test('a page that shows a whole rule can have every part of it', () => {
  const words = rulesInWords([rule(numbered('v', 64), [''], numbered('r', 64))], Number.POSITIVE_INFINITY)
  expect(words).not.toContain(' more ')
  expect(words).toContain('v63')
  expect(words).toContain('r63')
})
