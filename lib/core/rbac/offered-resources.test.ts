import { expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import type { ServedResource } from './cluster-rights.ts'
import { mergedOffers, offeredResources } from './offered-resources.ts'

const served = (group: string, resource: string, verbs: string[], namespaced = true): ServedResource => ({
  ...{ group, resource, verbs, namespaced },
})
const cluster = {
  unsureGroups: [],
  resources: [
    served('', 'pods', ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']),
    served('', 'pods/log', ['get']),
    served('', 'pods/exec', ['create', 'get']),
    served('', 'nodes', ['get', 'list'], false),
    served('apps', 'deployments', ['get', 'list', 'patch']),
    served('apps', 'deployments/scale', ['get', 'patch', 'update']),
  ],
}
const rule = (apiGroups: string[], resources: string[], verbs: string[], resourceNames?: string[]): Rule => ({
  ...{ apiGroups, resources, verbs },
  ...(resourceNames ? { resourceNames } : {}),
})
const keys = (ceiling: Rule[], from: Parameters<typeof offeredResources>[1] = cluster) =>
  offeredResources(ceiling, from).map(({ group, resource, verbs }) => `${resource}.${group} ${verbs.join(',')}`)

test('only resources that the cluster serves in that group are offered, with the verbs that each has', () => {
  expect(keys([rule(['', 'apps'], ['pods', 'pods/log', 'deployments', 'statefulsets'], ['get', 'list'])])).toEqual([
    'pods. get,list',
    'pods/log. get',
    'deployments.apps get,list',
  ])
})

test('a wildcard offers everything namespaced that the cluster serves, with its subresources', () => {
  expect(keys([rule(['*'], ['*'], ['*'])])).toEqual([
    'pods. get,list,watch,create,update,patch,delete',
    'pods/exec. get,create',
    'pods/log. get',
    'deployments.apps get,list,patch',
    'deployments/scale.apps get,update,patch',
  ])
  expect(keys([rule(['*'], ['*/scale'], ['patch'])])).toEqual(['deployments/scale.apps patch'])
})

test('verbs that only RBAC has are offered as the ceiling names them', () => {
  expect(keys([rule([''], ['pods'], ['get', 'use'])])).toEqual(['pods. get,use'])
})

test('a ceiling with object names says which, unless another of its rules has none', () => {
  const named = rule([''], ['pods'], ['get'], ['web'])
  expect(offeredResources([named], cluster)[0]?.names).toEqual(['web'])
  expect(offeredResources([named, rule([''], ['pods'], ['list'])], cluster)[0]?.names).toBeNull()
})

test('where a cluster did not say what it serves, what the ceiling names is offered, but never a pod of apps', () => {
  const ceiling = [rule(['', 'apps'], ['pods', 'pods/log', 'deployments', 'widgets'], ['get'])]
  const expected = ['pods. get', 'pods/log. get', 'widgets. get', 'deployments.apps get', 'widgets.apps get']
  expect(keys(ceiling, null)).toEqual(expected)
  expect(keys(ceiling, { resources: [], unsureGroups: ['', 'apps'] })).toEqual(expected)
  expect(keys([rule(['*'], ['*'], ['*'])], null)).toEqual([])
})

test('clusters that serve the same share an offer, and others are named', () => {
  const pods = { group: '', resource: 'pods', verbs: ['get'], names: null }
  const jobs = { group: 'batch', resource: 'jobs', verbs: ['get'], names: null }
  expect(
    mergedOffers(
      new Map([
        ['a', [pods, jobs]],
        ['b', [pods]],
      ]),
    ),
  ).toEqual([
    { ...pods, clusters: null },
    { ...jobs, clusters: ['a'] },
  ])
})
