import { expect, test } from 'vitest'
import { growthOf, stepsOf } from '#testing/steps'
import { rule } from './entry.ts'
import { unknownResources } from './unknown-resources.ts'

const known = new Set([
  'pods',
  'pods/log',
  'secrets',
  'events',
  'events.events.k8s.io',
  'deployments.apps',
  'deployments.apps/scale',
  'ingresses.networking.k8s.io',
])

const meant = (resource: string, group = '') =>
  unknownResources([rule(['get'], [resource], group)], known).map(({ suggestion }) => suggestion)

test.each([
  ['deployment', 'apps', 'deployments.apps'],
  ['deployments', '', 'deployments.apps'],
  ['deploymnets', 'apps', 'deployments.apps'],
  ['pod', '', 'pods'],
  ['pod/log', '', 'pods/log'],
  ['pods/logs', '', null],
  ['secret', '', 'secrets'],
  ['ingress', 'extensions', 'ingresses.networking.k8s.io'],
  ['deployments/scale', '', 'deployments.apps/scale'],
  ['gizmos', 'example.com', null],
  ['po', '', null],
  ['pods/*', '', null],
])('%s in group "%s" allows nothing, and the suggestion is %s', (resource, group, suggestion) => {
  expect(meant(resource, group)).toEqual([suggestion])
})

test.each([
  ['pods', ''],
  ['pods', '*'],
  ['*', ''],
  ['*', 'apps'],
  ['*/scale', 'apps'],
  ['*/log', '*'],
  ['users', ''],
  ['userextras/scopes', 'authentication.k8s.io'],
  ['signers', 'certificates.k8s.io'],
  ['nodes/metrics', ''],
])('%s in group "%s" is known', (resource, group) => {
  expect(meant(resource, group)).toEqual([])
})

test('a wildcard over an unserved group or subresource is unknown', () => {
  expect(meant('*', 'example.com')).toEqual([null])
  expect(meant('*/scale', '')).toEqual([null])
})

test('a resource that one of several groups serves is known', () => {
  const rules = [{ apiGroups: ['', 'apps'], resources: ['pods', 'deployments', 'deploymets'], verbs: ['get'] }]
  expect(unknownResources(rules, known).map(({ resource }) => resource)).toEqual(['deploymets'])
})

test('the sentence suggests the resource that was probably meant', () => {
  const [unknown] = unknownResources([rule(['get'], ['deployment'], 'apps')], known)
  expect(unknown?.sentence).toBe(
    'deployment.apps is not a resource of this cluster and allows nothing. Did you mean deployments.apps?',
  )
})

test('hostile names cost no more than their length, and at most ten get a suggestion', () => {
  const rulesOf = (count: number, length: number) =>
    Array.from({ length: count }, (_, n) =>
      rule(
        ['get'],
        Array.from({ length: 64 }, (_, m) => `${'a'.repeat(length)}${n}x${m}`),
        'apps',
      ),
    )
  expect(unknownResources(rulesOf(32, 240), known)).toHaveLength(2048)
  const typos = Array.from({ length: 64 }, (_, n) => `pods${n % 10}`)
  expect(unknownResources([rule(['get'], typos)], known).filter(({ suggestion }) => suggestion)).toHaveLength(10)
  const growth = (size: number, rulesOfSize: (size: number) => ReturnType<typeof rulesOf>) =>
    growthOf(size, (size) => {
      const rules = rulesOfSize(size)
      return () => unknownResources(rules, known)
    })
  expect(growth(8, (count) => rulesOf(count, 240))).toBeLessThan(5)
  expect(growth(60, (length) => rulesOf(32, length))).toBeLessThan(5)
})

test('a rule of 64 groups and 64 subresources of any resource is not compared with every resource of a large cluster', () => {
  const large = new Set(Array.from({ length: 600 }, (_, n) => `kind${n}.group${n % 40}.example/status`))
  const names = (prefix: string) => Array.from({ length: 64 }, (_, n) => `${prefix}${n}`)
  const rules = Array.from({ length: 32 }, () => ({
    apiGroups: ['*', ...names('g')].slice(1),
    resources: names('*/sub'),
    verbs: ['get'],
  }))
  expect(unknownResources(rules, large)).toHaveLength(32 * 64)
  expect(stepsOf(() => unknownResources(rules, large))).toBeLessThan(200_000)
})
