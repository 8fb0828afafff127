import { expect, test } from 'vitest'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { Rule } from '#lib/core/access/rule'
import { anEntitlement } from '#lib/core/rbac/entitlement.testing'
import { interpretQuery } from './interpret-query.ts'

const clusters = ['prod-eu', 'staging'].map((name) => ({ name, reachable: true, namespaces: ['payments'] }))
const entitlement = (name: string, kind: EntitlementResource['kind'], rules: Rule[]) =>
  anEntitlement(name, { clusters, kind, rules })

const restart = entitlement('restart', 'rules', [
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'patch'] },
])
const readOnly = entitlement('read-only', 'ceiling', [
  { apiGroups: ['', 'apps'], resources: ['pods', 'pods/log', 'deployments'], verbs: ['get', 'list', 'watch'] },
])
const all = [readOnly, restart]
const hrefs = (text: string) => interpretQuery(text, all).choices.map(({ href }) => href)

test('a pasted refusal leads to the filled-in form of the entitlement that allows it', () => {
  const text =
    'Error from server (Forbidden): deployments.apps "api" is forbidden: User "m" cannot patch resource "deployments" in API group "apps" in the namespace "payments"'
  expect(hrefs(text)).toEqual(['/requests/new?entitlement=restart&namespaces=payments'])
  expect(interpretQuery(text, all).sentence).toContain('patch deployments.apps named api in payments')
})

test('a kubectl command leads to the smallest rules, and its context chooses the cluster', () => {
  const [href = ''] = hrefs('kubectl --context prod-eu logs web -n payments')
  const query = new URLSearchParams(href.split('?')[1])
  expect(['entitlement', 'cluster', 'namespaces'].map((key) => query.get(key))).toEqual([
    'read-only',
    'prod-eu',
    'payments',
  ])
  expect(JSON.parse(query.get('rules') ?? '')).toEqual([
    { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'], resourceNames: ['web'] },
  ])
})

test('a pasted text says what it needs, and a context that is called like a cluster says where', () => {
  const refusal =
    'Error from server (Forbidden): deployments.apps is forbidden: User "m" cannot patch resource "deployments" in API group "apps" in the namespace "payments"'
  const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'] }]
  expect(interpretQuery(refusal, all)).toMatchObject({
    ...{ isAnswered: true, understood: 'You need to patch deployments.apps in payments.' },
    needed: { cluster: null, namespaces: ['payments'], rules },
  })
  const clusterOf = (context: string) => interpretQuery(`kubectl --context ${context} get po -n payments`, all).needed
  expect(clusterOf('staging')).toMatchObject({ cluster: 'staging' })
  expect(clusterOf('my-laptop')).toMatchObject({ cluster: null })
  for (const text of ['', 'restart', 'kubectl get nodes'])
    expect(interpretQuery(text, all)).toMatchObject({ needed: null, isAnswered: false, understood: '' })
  expect(interpretQuery('kubectl delete secret a -n payments', all).isAnswered).toBe(false)
})

test('an entitlement that allows only a part is offered where none allows all', () => {
  const parts = interpretQuery('kubectl exec web -n payments -- sh', all)
  expect(parts.choices.map(({ what, note }) => [what.name, note])).toEqual([
    ['read-only', 'allows only a part of it: get pods named web'],
  ])
  expect(parts.sentence).toContain('No single entitlement allows all of it.')
  expect(interpretQuery('kubectl delete secret a -n payments', all)).toMatchObject({ choices: [] })
  expect(hrefs('kubectl logs web -n search')).toEqual([])
})

test('the sentence says that access in a namespace or more access would not help', () => {
  expect(interpretQuery('kubectl get nodes', all)).toMatchObject({ choices: [] })
  expect(interpretQuery('kubectl get nodes', all).sentence).toContain('needs access to the whole cluster: list nodes')
  expect(interpretQuery('error: You must be logged in to the server (Unauthorized)', all).sentence).toContain('Sign in')
})

test('other words search the entitlements, and no words show all of them', () => {
  expect(interpretQuery('restart', all).choices.map(({ what }) => what.name)).toEqual(['restart'])
  expect(interpretQuery('', all).choices).toHaveLength(2)
})
