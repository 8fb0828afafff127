import { expect, test } from 'vitest'
import type { EntitlementResource } from '#lib/access/resources'
import { durationStops, firstDraft, problemsAt, submissionOf } from './draft.ts'

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
  ticket: { required: false, pattern: null },
  approvals: [],
}

test('a first draft knows all that can be known and nothing more', () => {
  expect(firstDraft(entitlement, {})).toMatchObject({ cluster: 'prod-eu', namespaces: [], seconds: 1800, reason: '' })
  expect(firstDraft(entitlement, { cluster: 'staging' })).toMatchObject({
    cluster: 'staging',
    namespaces: ['payments'],
  })
  expect(firstDraft(entitlement, { cluster: 'elsewhere' }).cluster).toBe('prod-eu')
})

test('an address that asks for longer than the limit starts at the limit', () => {
  expect(firstDraft(entitlement, { seconds: 86_400 }).seconds).toBe(7200)
})

test('what was left empty is left out of what is sent', () => {
  const body = submissionOf(entitlement, { ...firstDraft(entitlement, {}), ticket: '  ' })
  expect(Object.keys(body)).toEqual(['entitlement', 'cluster', 'namespaces', 'reason', 'duration'])
  expect(body.duration).toBe('PT30M')
})

test('the slider ends at the limit, whatever that is, and holds the default', () => {
  expect(durationStops(7200).at(-1)).toBe(7200)
  expect(durationStops(100)).toEqual([100])
  expect(durationStops(3600, [1500])).toContain(1500)
  expect(durationStops(3600, [9999])).not.toContain(9999)
})

test('a problem is shown at the field it points to, also when it points inside it', () => {
  const all = [
    { pointer: '/namespaces/1', message: 'a' },
    { pointer: '/reason', message: 'b' },
    { pointer: '', message: 'c' },
  ]
  expect(problemsAt('namespaces', all)).toEqual(['a'])
  expect(problemsAt('reason', all)).toEqual(['b'])
  expect(problemsAt('rules', all)).toEqual([])
})
