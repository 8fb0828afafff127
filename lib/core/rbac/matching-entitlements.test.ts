import { expect, test } from 'vitest'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { Rule } from '#lib/core/access/rule'
import { anEntitlement } from './entitlement.testing.ts'
import { matchingEntitlements, requestPath } from './matching-entitlements.ts'

const rule = (verbs: string[], resources: string[]): Rule => ({ apiGroups: ['apps'], resources, verbs })
const approvedBy = (count: number) => [
  { groups: ['sre'], count, ...{ owners: false, manager: false, remindAfter: null, escalate: [] } },
]

const entitlement = (name: string, changes: Partial<EntitlementResource> = {}) =>
  anEntitlement(name, { rules: [rule(['get', 'patch'], ['deployments'])], ...changes })

const needed = { rules: [rule(['get'], ['deployments']), rule(['patch'], ['deployments'])], namespaces: ['payments'] }
const namesOf = (all: EntitlementResource[], need = needed) =>
  matchingEntitlements(all, need).map((match) => match.entitlement.name)

test('entitlements that miss least come first, then fewest approvers, then the narrowest, then by name', () => {
  const all = [
    entitlement('partial', { rules: [rule(['get'], ['deployments'])] }),
    entitlement('two-approvers', { approvals: approvedBy(2) }),
    entitlement('wide', { rules: [rule(['get', 'patch', 'delete'], ['deployments'])], approvals: approvedBy(1) }),
    entitlement('narrow', { approvals: approvedBy(1) }),
    entitlement('ceiling', { kind: 'ceiling', rules: [rule(['*'], ['*'])], approvals: approvedBy(1) }),
    entitlement('also-narrow', { approvals: approvedBy(1) }),
    entitlement('no-approver', { rules: [rule(['*'], ['*'])] }),
  ]
  const order = ['no-approver', 'ceiling', 'also-narrow', 'narrow', 'wide', 'two-approvers', 'partial']
  expect(namesOf(all)).toEqual(order)
  expect(namesOf(all.toReversed())).toEqual(order)
})

test('an entitlement that grants nothing of it, or not in all of the namespaces, does not match', () => {
  const all = [
    entitlement('other', { rules: [rule(['delete'], ['deployments'])] }),
    entitlement('elsewhere', { clusters: [{ name: 'prod-eu', reachable: true, namespaces: ['search'] }] }),
  ]
  expect(namesOf(all)).toEqual([])
  expect(namesOf(all, { ...needed, namespaces: ['search'] })).toEqual(['elsewhere'])
})

test('a match names the clusters with all of the namespaces, and the granted and missing rules', () => {
  const clusters = [
    { name: 'prod-eu', reachable: true, namespaces: ['payments'] },
    { name: 'prod-us', reachable: true, namespaces: ['payments', 'search'] },
    { name: 'staging', reachable: true, namespaces: [] },
  ]
  const partial = entitlement('partial', { clusters, rules: [rule(['get'], ['deployments'])] })
  expect(matchingEntitlements([partial], needed)).toEqual([
    { entitlement: partial, clusters: ['prod-eu', 'prod-us'], granted: [needed.rules[0]], missing: [needed.rules[1]] },
  ])
})

test('the form’s path carries the rules only where the entitlement lets the requester choose them', () => {
  const ceiling = entitlement('ceiling', { kind: 'ceiling' })
  const query = new URL(requestPath(ceiling, needed, 'prod-eu'), 'https://postern.test').searchParams
  expect(Object.fromEntries(query)).toEqual({
    ...{ entitlement: 'ceiling', cluster: 'prod-eu', namespaces: 'payments' },
    rules: JSON.stringify(needed.rules),
  })
  expect(requestPath(entitlement('fixed'), needed)).toBe('/requests/new?entitlement=fixed&namespaces=payments')
  expect(requestPath(entitlement('small', { kind: 'ceiling', rules: [] }), needed)).not.toContain('rules=')
  expect(requestPath(ceiling)).toBe('/requests/new?entitlement=ceiling')
})
