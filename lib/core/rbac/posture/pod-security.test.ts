import { expect, test } from 'vitest'
import { podSecurityFindings } from './pod-security.ts'

test('a namespace without a label for Pod Security is a finding, unless it is one of Kubernetes or of Postern', () => {
  const enforce = 'pod-security.kubernetes.io/enforce'
  const found = podSecurityFindings([
    { name: 'payments', labels: { environment: 'prod' } },
    { name: 'warned', labels: { 'pod-security.kubernetes.io/warn': 'restricted' } },
    { name: 'decided', labels: { [enforce]: 'privileged' } },
    ...['kube-system', 'kube-node-lease', 'postern-grants'].map((name) => ({ name, labels: {} })),
  ])
  expect(found.map(({ finding }) => finding.binding)).toEqual([
    { kind: 'Namespace', namespace: '', name: 'payments' },
    { kind: 'Namespace', namespace: '', name: 'warned' },
  ])
  expect(found[0]?.finding).toMatchObject({
    ...{ check: 'no-pod-security', severity: 'medium', because: [`no label ${enforce}`] },
    fix: [
      `kubectl label namespace/payments ${enforce}=baseline --dry-run=server`,
      `kubectl label namespace/payments ${enforce}=baseline`,
    ],
  })
  expect(new Set(found.map(({ key }) => key)).size).toBe(2)
})
