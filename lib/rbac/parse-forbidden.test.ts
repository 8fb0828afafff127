import { expect, test } from 'vitest'
import { parseForbidden } from './parse-forbidden.ts'

test('a refused list in a namespace', () => {
  const text =
    'Error from server (Forbidden): pods is forbidden: User "mina@example.com" cannot list resource "pods" in API group "" in the namespace "default"'
  expect(parseForbidden(text)).toEqual({
    user: 'mina@example.com',
    verb: 'list',
    group: '',
    resource: 'pods',
    subresource: '',
    name: '',
    namespace: 'default',
  })
})

test('a refused call on one object names the object, its group and its subresource', () => {
  const text =
    'deployments.apps "api" is forbidden: User "oidc:mina" cannot patch resource "deployments/scale" in API group "apps" in the namespace "payments": RBAC: role.rbac.authorization.k8s.io "x" not found'
  expect(parseForbidden(text)).toMatchObject({
    verb: 'patch',
    group: 'apps',
    resource: 'deployments',
    subresource: 'scale',
    name: 'api',
    namespace: 'payments',
  })
})

test('a refusal at the cluster scope has no namespace', () => {
  const text = 'nodes is forbidden: User "m" cannot list resource "nodes" in API group "" at the cluster scope'
  expect(parseForbidden(text)?.namespace).toBeNull()
})

test('other text is not understood, and says so', () => {
  for (const text of [
    '',
    'restart payments',
    'User "x" cannot get path "/metrics"',
    'User "x cannot list resource "pods"',
  ])
    expect(parseForbidden(text)).toBeUndefined()
})

test('hostile text costs no more than its length', () => {
  const started = performance.now()
  expect(parseForbidden(`User "${'\\"'.repeat(4000)}`)).toBeUndefined()
  expect(parseForbidden('User "" cannot '.repeat(100_000))).toBeUndefined()
  expect(parseForbidden('a '.repeat(4000))).toBeUndefined()
  expect(performance.now() - started).toBeLessThan(200)
})
