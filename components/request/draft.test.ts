import { expect, test } from 'vitest'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import { nothingMore } from '#lib/core/access/verdict'
import { problemsAt } from '../ui/problems-at.ts'
import { changedFields, firstDraft, isDraft, localMinute, requirementsOf, startOf } from './draft.ts'
import { durationStops } from './duration-stops.ts'

const entitlement: EntitlementResource = {
  name: 'payments-restart',
  title: 'Restart',
  description: null,
  clusters: [
    { name: 'prod-eu', reachable: true, namespaces: ['payments', 'checkout'] },
    { name: 'staging', reachable: true, namespaces: ['payments'] },
  ],
  namespaces: ['payments', 'checkout'],
  namespaceSelector: null,
  kind: 'rules',
  rules: [],
  clusterRole: null,
  defaultDuration: 'PT30M',
  maxDuration: 'PT2H',
  reasonMinLength: 1,
  ticket: { required: false, pattern: null, example: null },
  approvals: [],
}

test('the initial draft holds everything that is already known, and nothing else', () => {
  expect(firstDraft(entitlement, [], {})).toMatchObject({
    cluster: 'prod-eu',
    namespaces: [],
    durationSeconds: 1800,
    reason: '',
  })
  expect(firstDraft(entitlement, [], { cluster: 'staging' })).toMatchObject({
    cluster: 'staging',
    namespaces: ['payments'],
  })
  expect(firstDraft(entitlement, [], { cluster: 'elsewhere' }).cluster).toBe('prod-eu')
})

test('only a draft of this form is restored', () => {
  const draft = firstDraft(entitlement, [], { reason: 'Payments hang' })
  expect(isDraft(JSON.parse(JSON.stringify(draft)))).toBe(true)
  for (const other of [null, 'text', {}, { ...draft, reason: 1 }, { ...draft, rules: [{ verbs: 'get' }] }])
    expect(isDraft(other)).toBe(false)
})

test('only the fields in which a form differs from its draft count as typed', () => {
  const draft = { ...firstDraft(entitlement, [], {}), namespaces: ['payments', 'checkout'] }
  draft.rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'get'] }]
  const same = {
    namespaces: ['checkout', 'payments'],
    rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }],
  }
  expect(changedFields(draft, { ...same, reason: '', durationSeconds: draft.durationSeconds })).toEqual({})
  expect(changedFields(draft, { ...same, reason: 'Payments hang', namespaces: [] })).toEqual({
    ...{ reason: 'Payments hang', namespaces: [] },
  })
})

test('a URL with a duration above the limit starts the form at the limit', () => {
  expect(firstDraft(entitlement, [], { durationSeconds: 86_400 }).durationSeconds).toBe(7200)
})

test('the duration slider ends at the limit and contains the default', () => {
  expect(durationStops(7200).at(-1)).toBe(7200)
  expect(durationStops(100)).toEqual([100])
  expect(durationStops(3600, [1500])).toContain(1500)
  expect(durationStops(3600, [9999])).not.toContain(9999)
})

test('a problem is shown at its field, also when it points inside the field', () => {
  const all = [
    { pointer: '/namespaces/1', message: 'a' },
    { pointer: '/reason', message: 'b' },
    { pointer: '', message: 'c' },
  ]
  expect(problemsAt('namespaces', all)).toEqual(['a'])
  expect(problemsAt('reason', all)).toEqual(['b'])
  expect(problemsAt('rules', all)).toEqual([])
})

test('a start time is rounded up to the minute that the control shows, and is submitted as that minute', () => {
  for (const [at, minute] of [
    ['2026-11-24T07:00:00.000Z', '2026-11-24T07:00:00.000Z'],
    ['2026-11-24T07:00:01.000Z', '2026-11-24T07:01:00.000Z'],
  ] as const)
    expect(startOf(localMinute(at))).toBe(minute)
})

test('the requirements combine those of the entitlement and of the guardrails', () => {
  expect(requirementsOf(entitlement, null)).toEqual({
    reasonMinLength: 1,
    ticketRequired: false,
    ticketPatterns: [],
    ticketExample: null,
  })
  const requirements = {
    ...nothingMore.requirements,
    ticketRequired: true,
    ticketPatterns: ['^A'],
    reasonMinLength: 20,
  }
  const verdict = { policyVersion: 'x', violations: [], warnings: [], ...nothingMore, requirements }
  const preview = {
    ...{ verdict, steps: [], rules: [], risk: { severity: 'low' as const, findings: [] } },
    difference: { known: false as const, why: 'Nobody looked.' },
    ...{ alreadyHeld: [], ticketExample: 'BA', maxDuration: 'PT1H', digest: '', manifests: '', objects: [] },
  }
  const strict = { ...entitlement, reasonMinLength: 30, ticket: { required: false, pattern: '^B', example: null } }
  expect(requirementsOf(strict, preview)).toEqual({
    reasonMinLength: 30,
    ticketRequired: true,
    ticketPatterns: ['^B', '^A'],
    ticketExample: 'BA',
  })
})
