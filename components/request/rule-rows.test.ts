import { expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import type { Offer } from '#lib/core/rbac/offered-resources'
import { firstRows, namesFor, notOffered, offersIn, rowsOf, sentIndex, verbsFor } from './rule-rows.ts'

const offer = (group: string, resource: string, verbs: string[], names: string[] | null = null): Offer => ({
  ...{ group, resource, verbs, names, clusters: null },
})
const offers = [
  offer('', 'pods', ['get', 'list']),
  offer('', 'pods/log', ['get']),
  offer('apps', 'deployments', ['get', 'patch']),
]
const row = (group: string, resources: string[], verbs: string[] = []): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
})

test('the form starts with a row for each API group, and with one row where there are many', () => {
  expect(firstRows(offers)).toEqual([row('', []), row('apps', ['deployments'])])
  const many = ['a', 'b', 'c', 'd'].map((group) => offer(group, 'things', ['get']))
  expect(firstRows(many)).toEqual([row('a', ['things'])])
  expect(firstRows([])).toEqual([row('', [])])
})

test('a known rule becomes one row for each API group, with its names and the resources that exist there', () => {
  const rule = { apiGroups: ['', 'apps'], resources: ['pods', 'deployments'], verbs: ['get'], resourceNames: ['cart'] }
  expect(rowsOf([rule], offers)).toEqual([
    { ...rule, apiGroups: [''], resources: ['pods'] },
    { ...rule, apiGroups: ['apps'], resources: ['deployments'] },
  ])
})

test('only the verbs of the chosen resources can be chosen', () => {
  expect(verbsFor(offers, row('', ['pods/log']))).toEqual(['get'])
  expect(verbsFor(offers, row('', []))).toEqual(['get', 'list'])
})

test('only what the chosen cluster serves is offered', () => {
  const jobs = { ...offer('batch', 'jobs', ['get']), clusters: ['staging'] }
  expect(offersIn([...offers, jobs], 'prod-eu')).toEqual(offers)
  expect(notOffered(offers, row('', ['pods', 'deployments']))).toEqual(['deployments'])
})

test('names are limited only where every chosen resource is limited to names', () => {
  const named = [offer('', 'secrets', ['get'], ['db']), offer('', 'pods', ['get'])]
  expect(namesFor(named, row('', ['secrets']))).toEqual(['db'])
  expect(namesFor(named, row('', ['secrets', 'pods']))).toBeNull()
  expect(namesFor(named, row('', []))).toBeNull()
})

test('a problem belongs to the row that was sent, without those that were not', () => {
  const rows = [row('', ['pods']), row('', ['pods/log'], ['get']), row('apps', ['deployments'], ['patch'])]
  expect(rows.map((_, at) => sentIndex(offers, rows, at))).toEqual([null, 0, 1])
  expect(sentIndex(offers, [row('', ['pods/log'], ['list'])], 0)).toBeNull()
})
