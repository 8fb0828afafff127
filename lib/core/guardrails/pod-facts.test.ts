import { describe, expect, test } from 'vitest'
import type { PodFacts } from '#lib/core/access/pod-facts'
import { podFactsOf, podShape, reachedPods, reachesPods } from './pod-facts.ts'

const factsOf = (spec: object) =>
  podFactsOf(
    podShape.parse({ metadata: { name: 'web-0', namespace: 'shop', uid: 'x' }, spec: { nodeName: 'n', ...spec } }),
  )

const harmless: PodFacts = {
  ...{ namespace: 'shop', name: 'web-0', labels: {}, serviceAccountName: 'default', mountsToken: false },
  ...{ privileged: false, hostNetwork: false, hostPID: false, hostIPC: false, hostPath: false },
  ...{ mayRunAsRoot: false, addedCapabilities: [] },
}
const nonRoot = { securityContext: { runAsNonRoot: true } }

describe('the facts of a pod', () => {
  test('a pod without any privilege is harmless', () => {
    expect(factsOf({ ...nonRoot, containers: [{ name: 'a' }] })).toEqual(harmless)
  })

  test.each([
    ['a privileged container', { containers: [{}, { securityContext: { privileged: true } }] }, { privileged: true }],
    [
      'a privileged init container',
      { initContainers: [{ securityContext: { privileged: true } }] },
      { privileged: true },
    ],
    [
      'a privileged ephemeral container',
      { ephemeralContainers: [{ securityContext: { privileged: true } }] },
      { privileged: true },
    ],
    [
      'a host process of Windows',
      { securityContext: { runAsNonRoot: true, windowsOptions: { hostProcess: true } } },
      { privileged: true },
    ],
    ['the network of the node', { hostNetwork: true }, { hostNetwork: true }],
    ['the processes of the node', { hostPID: true }, { hostPID: true }],
    ['the memory of the node', { hostIPC: true }, { hostIPC: true }],
    ['a directory of the node', { volumes: [{ name: 'a', hostPath: { path: '/' } }] }, { hostPath: true }],
    [
      'a token',
      {
        serviceAccountName: 'api',
        volumes: [{ projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
      },
      { serviceAccountName: 'api', mountsToken: true },
    ],
    [
      'capabilities in any spelling',
      { containers: [{ securityContext: { capabilities: { add: ['CAP_SYS_ADMIN', 'net_raw'] } } }, {}] },
      { addedCapabilities: ['NET_RAW', 'SYS_ADMIN'] },
    ],
    [
      'more capabilities than are kept',
      {
        containers: [
          { securityContext: { capabilities: { add: Array.from({ length: 65 }, (_, n) => `A${n + 10}`) } } },
        ],
      },
      { privileged: true, addedCapabilities: Array.from({ length: 64 }, (_, n) => `A${n + 10}`) },
    ],
  ])('%s is found', (_, spec, found) => {
    expect(factsOf({ ...nonRoot, ...spec })).toEqual({ ...harmless, ...found })
  })

  test.each([
    [true, {}, {}],
    [true, { runAsUser: 0 }, {}],
    [false, { runAsUser: 1000 }, {}],
    [true, { runAsUser: 1000 }, { runAsUser: 0 }],
    [false, { runAsUser: 0 }, { runAsUser: 1000 }],
    [true, { runAsNonRoot: true }, { runAsNonRoot: false }],
    [false, {}, { runAsNonRoot: true }],
  ])('root is possible (%s) by the settings of the pod %o and of its container %o', (isPossible, pod, container) => {
    const spec = { securityContext: pod, containers: [{ securityContext: container }] }
    expect(factsOf(spec).mayRunAsRoot).toBe(isPossible)
  })
})

describe('the pods that rules lead into', () => {
  const rule = (resources: string[], more: object = {}) => ({ apiGroups: [''], resources, verbs: ['create'], ...more })
  const known = { shop: [harmless, { ...harmless, name: 'db-0' }], cart: [{ ...harmless, namespace: 'cart' }] }
  const reached = (rules: Parameters<typeof reachedPods>[0], namespaces: string[], pods: typeof known | null = known) =>
    reachedPods(rules, namespaces, pods)?.map(({ namespace, name }) => `${namespace}/${name}`) ?? null

  test.each([
    ['pods/exec'],
    ['pods/attach'],
    ['pods/portforward'],
    ['pods/ephemeralcontainers'],
    ['*'],
    ['pods/*'],
    ['*/exec'],
  ])('%s leads into every pod of every requested namespace', (resource) => {
    expect(reached([rule([resource])], ['shop', 'cart', 'shop'])).toEqual(['shop/web-0', 'shop/db-0', 'cart/web-0'])
  })

  test('a rule with names leads only into these', () => {
    expect(reached([rule(['pods/exec'], { resourceNames: ['db-0', 'gone'] })], ['shop', 'cart'])).toEqual(['shop/db-0'])
    const both = [rule(['pods/exec'], { resourceNames: ['db-0'] }), rule(['pods/attach'])]
    expect(reached(both, ['shop'])).toEqual(['shop/web-0', 'shop/db-0'])
  })

  test('other rules lead into none, even if the pods are unknown', () => {
    const others = [rule(['pods', 'pods/log', 'deployments']), rule(['pods/exec'], { apiGroups: ['apps'] })]
    expect([reachesPods(others), reached(others, ['shop'], null)]).toEqual([false, []])
  })

  test('if the pods of one namespace are unknown, all are', () => {
    expect(reached([rule(['pods/exec'])], ['shop', 'elsewhere'])).toBeNull()
    expect(reached([rule(['pods/exec'])], ['shop'], null)).toBeNull()
    expect(reached([rule(['pods/exec'])], ['constructor'])).toBeNull()
  })

  test('more pods than a request may have are unknown', () => {
    const many = { shop: Array.from({ length: 501 }, (_, n) => ({ ...harmless, name: `web-${n}` })) }
    expect(reachedPods([rule(['pods/exec'])], ['shop'], many)).toBeNull()
  })
})
