import { expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
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
