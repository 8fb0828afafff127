import { expect, test } from 'vitest'
import { isNamespaceCovered } from './entitlement.ts'

const covers = (namespaces: string[], namespace: string) => isNamespaceCovered({ namespaces }, namespace, {})

test('a glob covers a namespace of Kubernetes itself only if it begins with kube-', () => {
  for (const system of ['kube-system', 'kube-public', 'kube-node-lease'])
    for (const glob of ['*', 'k*', '*-system', '*e*', 'kube*', '**', '*kube-system'])
      expect(covers([glob], system), `${glob} ${system}`).toBe(false)
  for (const named of ['kube-system', 'kube-*', 'kube-s*']) expect(covers([named], 'kube-system'), named).toBe(true)
  expect(covers(['*', 'kube-system'], 'kube-system')).toBe(true)
})

test('a glob covers every other namespace that it matches', () => {
  for (const [glob, namespace] of [
    ['*', 'payments'],
    ['k*', 'kubeless'],
    ['*-system', 'istio-system'],
  ] as const)
    expect(covers([glob], namespace), glob).toBe(true)
})
