import { describe, expect, test } from 'vitest'
import { aggregate } from './aggregation.ts'
import type { ClusterRole } from './cluster-objects.ts'

const plain = (name: string, labels: Record<string, string> = {}): ClusterRole => ({
  metadata: { name, labels },
  rules: [{ verbs: ['get'], apiGroups: [''], resources: [name] }],
})
type Selectors = NonNullable<NonNullable<ClusterRole['aggregationRule']>['clusterRoleSelectors']>
const aggregated = (
  name: string,
  clusterRoleSelectors: Selectors,
  labels: Record<string, string> = {},
): ClusterRole => ({
  metadata: { name, labels },
  aggregationRule: { clusterRoleSelectors },
})
const resourcesOf = (roles: ClusterRole[], name: string) =>
  aggregate(roles)
    .find(({ metadata }) => metadata.name === name)
    ?.rules?.flatMap(({ resources }) => resources)

const toView = { matchLabels: { view: 'true' } }

describe('an aggregated ClusterRole', () => {
  test('has the rules of the selected roles, sorted by role name, each once, and not its own', () => {
    const copy = { ...plain('z', { view: 'true' }), rules: plain('a').rules }
    const roles = [
      plain('c', { view: 'true' }),
      plain('a', { view: 'true' }),
      plain('b'),
      copy,
      aggregated('all', [toView], { view: 'true' }),
    ]
    expect(resourcesOf(roles, 'all')).toEqual(['a', 'c'])
  })
  test('loses the rules that were written into it', () => {
    const roles = [{ ...aggregated('all', [toView]), rules: plain('secret').rules }]
    expect(resourcesOf(roles, 'all')).toEqual([])
  })
  test('has the rules of all its selectors, in the order of the selectors', () => {
    const roles = [
      plain('a', { edit: 'true' }),
      plain('b', { view: 'true' }),
      aggregated('all', [toView, { matchLabels: { edit: 'true' } }]),
    ]
    expect(resourcesOf(roles, 'all')).toEqual(['b', 'a'])
  })
  test('includes the rules of aggregated roles that it selects, in any order of the input', () => {
    const view = aggregated('view', [toView], { edit: 'true' })
    const edit = aggregated('edit', [{ matchLabels: { edit: 'true' } }], { admin: 'true' })
    const admin = aggregated('admin', [{ matchLabels: { admin: 'true' } }])
    for (const roles of [
      [view, edit, admin, plain('x', { view: 'true' })],
      [admin, edit, plain('x', { view: 'true' }), view],
    ]) {
      expect(resourcesOf(roles, 'admin')).toEqual(['x'])
    }
  })
  test('may select another one that selects it', () => {
    const roles = [
      aggregated('one', [{ matchLabels: { one: 'true' } }], { two: 'true' }),
      aggregated('two', [{ matchLabels: { two: 'true' } }], { one: 'true' }),
      plain('x', { two: 'true' }),
    ]
    expect(resourcesOf(roles, 'one')).toEqual(['x'])
    expect(resourcesOf(roles, 'two')).toEqual(['x'])
  })
  test('keeps its own rules where it has no selector', () => {
    expect(resourcesOf([{ ...plain('a'), aggregationRule: { clusterRoleSelectors: [] } }], 'a')).toEqual(['a'])
  })
})

test.each<[string, Selectors[number], string[]]>([
  ['an empty selector, which matches everything', {}, ['bare', 'dev', 'prod']],
  ['In', { matchExpressions: [{ key: 'e', operator: 'In', values: ['dev', 'test'] }] }, ['dev']],
  [
    'NotIn, which matches objects without the label too',
    { matchExpressions: [{ key: 'e', operator: 'NotIn', values: ['dev'] }] },
    ['bare', 'prod'],
  ],
  ['Exists', { matchExpressions: [{ key: 'e', operator: 'Exists' }] }, ['dev', 'prod']],
  ['DoesNotExist', { matchExpressions: [{ key: 'e', operator: 'DoesNotExist' }] }, ['bare']],
  [
    'labels and expressions',
    { matchLabels: { e: 'dev' }, matchExpressions: [{ key: 'e', operator: 'NotIn', values: ['dev'] }] },
    [],
  ],
  ['an unknown operator', { matchExpressions: [{ key: 'e', operator: 'Gt', values: ['1'] }] }, []],
  ['a property of JavaScript objects', { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, []],
])('selectors match as in Kubernetes: %s', (_, selector, names) => {
  const roles = [plain('bare'), plain('dev', { e: 'dev' }), plain('prod', { e: 'prod' }), aggregated('all', [selector])]
  expect(resourcesOf(roles, 'all')).toEqual(names)
})
