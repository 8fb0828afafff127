import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServedResource } from '#lib/core/rbac/cluster-rights'
import { kindsServed } from './known-resources.ts'
import { readPaste } from './paste.ts'

const served = (group: string, resource: string, more: Partial<ServedResource> = {}): ServedResource => ({
  ...{ group, resource, namespaced: true, verbs: ['get', 'list'] },
  ...more,
})

/** What a cluster with two operators serves that no table knows. */
const cluster: ServedResource[] = [
  served('', 'pods', { kind: 'Pod', shortNames: ['po'], categories: ['all'] }),
  served('apps', 'deployments', { kind: 'Deployment', shortNames: ['deploy'], categories: ['all'] }),
  served('apps', 'deployments/scale'),
  served('zoo.example.com', 'giraffes', { kind: 'Giraffe', shortNames: ['gf'], categories: ['all', 'animals'] }),
  served('zoo.example.com', 'giraffes/scale'),
  served('zoo.example.com', 'oxen', { kind: 'Ox', categories: ['animals'] }),
  served('zoo.example.com', 'zoos', { kind: 'Zoo', namespaced: false }),
  served('park.example.com', 'giraffes', { kind: 'Giraffe' }),
]
const kinds = kindsServed(cluster)
const targetsOf = (text: string) =>
  readPaste(text, kinds)?.rules.flatMap(({ apiGroups, resources }) => resources.map((one) => `${one}.${apiGroups}`))
const codesOf = (text: string) => readPaste(text, kinds)?.notes.map(({ code }) => code)

describe('kinds that the cluster serves', () => {
  test.each([
    ['kubectl get giraffes.zoo.example.com -n shop', ['giraffes.zoo.example.com']],
    ['kubectl get gf -n shop', ['giraffes.zoo.example.com']],
    ['kubectl get Ox -n shop', ['oxen.zoo.example.com']],
    ['kubectl get oxen.zoo -n shop', ['oxen.zoo.example.com']],
    ['kubectl get animals -n shop', ['giraffes.zoo.example.com', 'oxen.zoo.example.com']],
    ['kubectl get all -n shop', ['deployments.apps', 'giraffes.zoo.example.com', 'pods.']],
    ['kubectl scale gf tall --replicas=3 -n shop', ['giraffes.zoo.example.com', 'giraffes/scale.zoo.example.com']],
  ])('%s', (text, expected) => {
    expect(targetsOf(text)?.sort()).toEqual(expected.sort())
    expect(codesOf(text)).toEqual([])
  })

  test('a name of two groups is read as one of them, and the other is offered', () => {
    expect(targetsOf('kubectl get giraffes -n shop')).toHaveLength(1)
    expect(codesOf('kubectl get giraffes -n shop')).toEqual(['ambiguous-type'])
  })

  test('a kind outside namespaces is not granted in a namespace', () => {
    expect(readPaste('kubectl get zoo', kinds)).toMatchObject({ rules: [], clusterRules: [{ resources: ['zoos'] }] })
  })

  test('a kind that the cluster lacks is read and said', () => {
    expect(targetsOf('kubectl get certificates -n shop')).toEqual(['certificates.cert-manager.io'])
    expect(codesOf('kubectl get certificates -n shop')).toEqual(['not-served'])
    expect(codesOf('kubectl scale ox a --replicas=2 -n shop')).toEqual(['not-served'])
  })

  test('a pasted manifest of an irregular plural is found by its kind', () => {
    const text = 'kubectl delete -f -\napiVersion: zoo.example.com/v1\nkind: Ox\nmetadata: {name: a, namespace: shop}'
    expect(targetsOf(text)).toEqual(['oxen.zoo.example.com'])
  })

  test('a refusal at the cluster scope is an all-namespaces call only where the kind has namespaces', () => {
    const text = (resource: string) =>
      `${resource}.zoo.example.com is forbidden: User "j" cannot list resource "${resource}" in API group "zoo.example.com" at the cluster scope`
    expect(readPaste(text('oxen'), kinds)).toMatchObject({
      rules: [{ resources: ['oxen'] }],
      notes: [{ code: 'all-namespaces' }],
    })
    expect(readPaste(text('zoos'), kinds)).toMatchObject({ rules: [], clusterRules: [{ resources: ['zoos'] }] })
  })

  test('every served kind is found by its plural, kind, short name and group', () => {
    const word = fc.stringMatching(/^[a-z]{3,8}$/)
    fc.assert(
      fc.property(word, word, word, (kind, short, group) => {
        fc.pre(kind !== short)
        const own = served(`${group}.test.dev`, `q${kind}z`, { kind: `Q${kind}`, shortNames: [`q${short}`] })
        const all = kindsServed([...cluster, own])
        for (const name of [
          own.resource,
          `Q${kind}`,
          `q${short}`,
          `${own.resource}.${own.group}`,
          `q${kind}.v1.${own.group}`,
        ])
          expect(readPaste(`kubectl get ${name} a -n shop`, all)?.rules, name).toEqual([
            { apiGroups: [own.group], resources: [own.resource], verbs: ['get'], resourceNames: ['a'] },
          ])
      }),
      { numRuns: 100 },
    )
  })
})

describe('kinds of common extensions, where the cluster is not known', () => {
  test.each([
    ['kubectl get certificates -n shop', 'cert-manager.io', 'certificates'],
    ['kubectl get hr -n flux-system', 'helm.toolkit.fluxcd.io', 'helmreleases'],
    ['kubectl get application web -n argocd', 'argoproj.io', 'applications'],
    ['kubectl get vs -n shop', 'networking.istio.io', 'virtualservices'],
    ['kubectl get servicemonitors -n shop', 'monitoring.coreos.com', 'servicemonitors'],
    ['kubectl get externalsecret -n shop', 'external-secrets.io', 'externalsecrets'],
    ['oc get dc -n shop', 'apps.openshift.io', 'deploymentconfigs'],
    ['oc get routes -n shop', 'route.openshift.io', 'routes'],
    ['kubectl get scaledobject -n shop', 'keda.sh', 'scaledobjects'],
    ['kubectl get vmi -n shop', 'kubevirt.io', 'virtualmachineinstances'],
  ])('%s', (text, group, resource) => {
    expect(readPaste(text)?.rules).toMatchObject([{ apiGroups: [group], resources: [resource] }])
  })

  test('kubectl patch application web needs get and patch', () => {
    expect(readPaste('kubectl patch application web -n argocd -p x')).toMatchObject({
      rules: [
        { apiGroups: ['argoproj.io'], resources: ['applications'], verbs: ['get', 'patch'], resourceNames: ['web'] },
      ],
      ...{ namespaces: ['argocd'], notes: [] },
    })
  })

  test('a manifest names its kind even where no table knows it', () => {
    const manifest = (apiVersion: string, kind: string) =>
      `kubectl delete -f -\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a, namespace: shop}`
    expect(readPaste(manifest('argoproj.io/v1alpha1', 'Application'))).toMatchObject({
      rules: [{ resources: ['applications'] }],
      notes: [],
    })
    for (const [kind, plural] of [
      ['Widget', 'widgets'],
      ['Policy', 'policies'],
      ['Gateway', 'gateways'],
      ['Mesh', 'meshes'],
      ['Box', 'boxes'],
    ] as const)
      expect(readPaste(manifest('example.com/v1', kind))).toMatchObject({
        rules: [{ apiGroups: ['example.com'], resources: [plural] }],
        ...{ namespaces: ['shop'], notes: [{ code: 'assumed-type' }] },
      })
  })

  test('a name that two operators use means the group that comes first, as with kubectl', () => {
    for (const name of ['subscription', 'subscriptions', 'sub'])
      expect(readPaste(`kubectl get ${name} -n shop`)).toMatchObject({
        rules: [{ apiGroups: ['operators.coreos.com'], resources: ['subscriptions'] }],
      })
  })
})
