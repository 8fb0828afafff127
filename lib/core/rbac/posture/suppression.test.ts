import { expect, test } from 'vitest'
import type { PostureFinding } from '#lib/core/access/posture-finding'
import { suppressionOf } from './suppression.ts'

const finding = (namespace: string, check = 'creates-pods'): PostureFinding => ({
  ...{ check, severity: 'medium', subjects: [], moreSubjects: 0, because: [], sentence: '', path: [], fix: [] },
  ...{ binding: { kind: 'RoleBinding', namespace, name: 'b' }, role: { kind: 'Role', name: 'r' } },
})
const labels = (namespace: string) => (namespace === 'unknown' ? undefined : { team: namespace })

test('a finding in a suppressed namespace is set aside with the reason', () => {
  const byName = [{ namespaces: ['sandbox-*'], reason: 'sandboxes' }]
  expect(suppressionOf(finding('sandbox-1'), byName, labels)).toBe('sandboxes')
  expect(suppressionOf(finding('payments'), byName, labels)).toBeNull()
  const namespace = (name: string): PostureFinding => ({
    ...finding(''),
    binding: { kind: 'Namespace', namespace: '', name },
  })
  expect(suppressionOf(namespace('sandbox-1'), byName, labels)).toBe('sandboxes')
  expect(suppressionOf(namespace('payments'), byName, labels)).toBeNull()
})

test('a label selector covers only namespaces whose labels are known', () => {
  const byLabel = [
    { namespaceSelector: { team: 'unknown' }, reason: 'r' },
    { namespaceSelector: { team: 'x' }, reason: 'x' },
  ]
  expect(suppressionOf(finding('x'), byLabel, labels)).toBe('x')
  expect(suppressionOf(finding('unknown'), byLabel, labels)).toBeNull()
})

test('what reaches beyond its namespace is never set aside', () => {
  const all = [{ namespaces: ['*'], reason: 'r' }]
  for (const check of ['takeover', 'bound-by-hand', 'own-rights'])
    expect(suppressionOf(finding('payments', check), all, labels)).toBeNull()
  expect(suppressionOf(finding(''), all, labels)).toBeNull()
  expect(suppressionOf(finding('kube-system'), all, labels)).toBeNull()
})
