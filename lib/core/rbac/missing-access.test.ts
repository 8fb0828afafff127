import { expect, test } from 'vitest'
import { missingAccess } from './missing-access.ts'

const deployments = (...verbs: string[]) => [{ apiGroups: ['apps'], resources: ['deployments'], verbs }]
const held = { cluster: 'prod-eu', namespaces: ['payments', 'checkout'], rules: deployments('get', 'patch') }
const needed = { cluster: 'prod-eu', namespaces: ['payments'], rules: deployments('patch') }

test('access that covers every needed permission lacks nothing', () => {
  expect(missingAccess(held, needed)).toEqual([])
  expect(
    missingAccess(held, { ...needed, rules: [{ ...deployments('get')[0], resourceNames: ['cart'] } as never] }),
  ).toEqual([])
})

test('access that covers a part lacks exactly the rest, in each namespace', () => {
  expect(missingAccess(held, { ...needed, rules: deployments('delete', 'patch') })).toEqual([
    { namespaces: ['payments'], rules: deployments('delete') },
  ])
  expect(missingAccess(held, { ...needed, namespaces: ['payments', 'search'] })).toEqual([
    { namespaces: ['search'], rules: deployments('patch') },
  ])
})

test('access to named objects does not cover access to all of them', () => {
  const named = { ...held, rules: [{ ...deployments('patch')[0], resourceNames: ['cart'] } as never] }
  expect(missingAccess(named, needed)).toBeNull()
})

test('access elsewhere, or to something else, covers nothing', () => {
  expect(missingAccess(held, { ...needed, cluster: 'staging' })).toBeNull()
  expect(missingAccess(held, { ...needed, namespaces: ['search'] })).toBeNull()
  expect(missingAccess(held, { ...needed, rules: deployments('delete') })).toBeNull()
})

test('where a pasted text names no cluster and no namespace, any access to the same permissions covers it', () => {
  expect(missingAccess(held, { cluster: null, namespaces: [], rules: deployments('patch') })).toEqual([])
})

test('more permissions than anyone may request are compared with nothing', () => {
  const many = Array.from({ length: 101 }, (_, index) => `r${index}`)
  const rules = [{ apiGroups: ['apps'], resources: many, verbs: many.map((name) => `v${name}`) }]
  expect(missingAccess({ ...held, rules }, { ...needed, rules })).toBeNull()
})
