import { expect, test } from 'vitest'
import { urlTemplateOf } from './url-template.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'

test('the template of a path keeps the words of Kubernetes and replaces every name', () => {
  expect(urlTemplateOf('/version')).toBe('/version')
  expect(urlTemplateOf('/apis')).toBe('/apis')
  expect(urlTemplateOf('/api/v1/namespaces')).toBe('/api/v1/namespaces')
  expect(urlTemplateOf('/api/v1/namespaces/merger')).toBe('/api/v1/namespaces/{name}')
  expect(urlTemplateOf('/api/v1/namespaces/api/serviceaccounts')).toBe('/api/v1/namespaces/{namespace}/serviceaccounts')
  expect(urlTemplateOf('/api/v1/namespaces/a/serviceaccounts/b/token')).toBe(
    '/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token',
  )
  expect(urlTemplateOf(`${rbac}/clusterroles/view`)).toBe(`${rbac}/clusterroles/{name}`)
  expect(urlTemplateOf(`${rbac}/namespaces/merger/roles/postern-x`)).toBe(`${rbac}/namespaces/{namespace}/roles/{name}`)
  expect(urlTemplateOf('/apis/authorization.k8s.io/v1/subjectaccessreviews')).toBe(
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
  )
})

test('a path that Postern never calls is replaced as a whole', () => {
  for (const path of [
    '',
    '/',
    '/merger',
    '/k8s/clusters/merger/api/v1',
    '/apis/merger.example.com/v1/things',
    `${rbac}/a/b/c/d`,
  ])
    expect(urlTemplateOf(path)).toBe('/{path}')
})
