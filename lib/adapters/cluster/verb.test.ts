import { expect, test } from 'vitest'
import { verbOf } from './verb.ts'

test('each call has the verb that Kubernetes uses for it', () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  expect(verbOf('GET', '/version')).toBe('get')
  expect(verbOf('GET', '/api/v1/namespaces')).toBe('list')
  expect(verbOf('GET', '/api/v1/namespaces/payments')).toBe('get')
  expect(verbOf('GET', '/api/v1/namespaces/postern-grants/serviceaccounts')).toBe('list')
  expect(verbOf('GET', `${rbac}/rolebindings`)).toBe('list')
  expect(verbOf('GET', `${rbac}/clusterroles/view`)).toBe('get')
  expect(verbOf('GET', `${rbac}/namespaces/payments/roles/postern-x`)).toBe('get')
  expect(verbOf('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews')).toBe('create')
  expect(verbOf('DELETE', `${rbac}/namespaces/payments/roles/postern-x`)).toBe('delete')
  expect(verbOf('PATCH', `${rbac}/namespaces/payments/roles/postern-x`)).toBe('other')
})
