import { expect, test } from 'vitest'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { Rule } from '#lib/core/access/rule'
import { understand } from './interpret-query.ts'

const entitlement = (name: string, kind: EntitlementResource['kind'], rules: Rule[]): EntitlementResource => ({
  name,
  title: name,
  description: null,
  clusters: ['prod-eu', 'staging'].map((cluster) => ({ name: cluster, reachable: true, namespaces: ['payments'] })),
  namespaces: ['payments'],
  namespaceSelector: null,
  kind,
  rules,
  clusterRole: null,
  defaultDuration: 'PT30M',
  maxDuration: 'PT2H',
  reasonMinLength: 1,
  ticket: { required: false, pattern: null },
  approvals: [],
})

const restart = entitlement('restart', 'rules', [
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'patch'] },
])
const look = entitlement('look', 'ceiling', [
  { apiGroups: ['', 'apps'], resources: ['pods', 'pods/log', 'deployments'], verbs: ['get', 'list', 'watch'] },
])
const all = [look, restart]
const hrefs = (text: string) => understand(text, all).choices.map(({ href }) => href)

test('a refusal leads to what would give it, filled in', () => {
  const text =
    'Error from server (Forbidden): deployments.apps "api" is forbidden: User "m" cannot patch resource "deployments" in API group "apps" in the namespace "payments"'
  expect(hrefs(text)).toEqual(['/requests/new?entitlement=restart&namespaces=payments'])
  expect(understand(text, all).sentence).toContain('patch deployments.apps named api in payments')
})

test('a kubectl line leads to the least rules, and its context to the cluster', () => {
  const [href = ''] = hrefs('kubectl --context prod-eu logs web -n payments')
  const query = new URLSearchParams(href.split('?')[1])
  expect(['entitlement', 'cluster', 'namespaces'].map((key) => query.get(key))).toEqual(['look', 'prod-eu', 'payments'])
  expect(JSON.parse(query.get('rules') ?? '')).toEqual([
    { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'], resourceNames: ['web'] },
  ])
})

test('what nothing gives whole is offered in parts, and what nothing gives at all is said', () => {
  const parts = understand('kubectl exec web -n payments -- sh', all)
  expect(parts.choices.map(({ what, note }) => [what.name, note])).toEqual([
    ['look', 'gives a part of it: get pods named web'],
  ])
  expect(understand('kubectl delete secret a -n payments', all)).toMatchObject({ choices: [] })
  expect(hrefs('kubectl logs web -n search')).toEqual([])
})

test('what no namespace can give, or no grant would change, is said', () => {
  expect(understand('kubectl get nodes', all)).toMatchObject({ choices: [] })
  expect(understand('kubectl get nodes', all).sentence).toContain('in the whole cluster')
  expect(understand('error: You must be logged in to the server (Unauthorized)', all).sentence).toContain('sign in')
})

test('other words search', () => {
  expect(understand('restart', all).choices.map(({ what }) => what.name)).toEqual(['restart'])
  expect(understand('', all).choices).toHaveLength(2)
})
