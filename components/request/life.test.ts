import { expect, test } from 'vitest'
import { lifeOf } from './life.ts'

type Lived = Parameters<typeof lifeOf>[0]
const mina = { id: 'per_1', name: 'Mina', email: null }
const priya = {
  id: 'per_2',
  name: 'Priya',
  email: null,
  isOnCall: false,
  usualTime: null,
  awayUntil: null,
  quietUntil: null,
  notifiedInstead: null,
}
const at = (minute: number) => `2026-11-26T09:0${minute}:00.000Z`

const pending: Lived = {
  ...{ status: 'pending', requester: mina, createdAt: at(0), lapsesAt: at(9), resolvedAt: null, startsAt: null },
  ...{ duration: 'PT30M', decisions: [], grant: null },
  steps: [
    {
      groups: ['payments-leads'],
      count: 1,
      unknown: [],
      approvedBy: [],
      eligible: [priya],
      quietUntil: null,
      onCall: [],
      unavailable: [],
      escalations: [],
    },
  ],
}
const decisionOf = (decision: 'approve' | 'deny') => ({
  ...{ id: 'dec_1', person: priya, decision, note: null, digest: 'sha256:0', narrowed: false, at: at(1) },
})
const approved: Lived = { ...pending, status: 'approved', resolvedAt: at(1), decisions: [decisionOf('approve')] }
const grant: NonNullable<Lived['grant']> = {
  ...{ status: 'active', activatedAt: at(2), expiresAt: at(8), endingAt: null, endedAt: null },
  ...{ endedBy: null, endedByName: null },
}
const told = (request: Lived) =>
  lifeOf(request).map(({ word, tone, at, who }) => [word, tone === 'next' ? 'next' : 'past', at, who.join()])

test('a pending request shows what is still to come, and until when it can be decided', () => {
  expect(told(pending)).toEqual([
    ['Submitted', 'past', at(0), 'Mina'],
    ['Decision', 'next', at(9), ''],
    ['Active', 'next', null, ''],
    ['End', 'next', null, ''],
  ])
})

test('ended access shows who submitted, approved and revoked it, and when', () => {
  const over = { ...grant, status: 'ended', endedAt: at(4), endedBy: 'revocation', endedByName: 'Priya' } as const
  expect(told({ ...approved, grant: over })).toEqual([
    ['Submitted', 'past', at(0), 'Mina'],
    ['Approved', 'past', at(1), 'Priya'],
    ['Active', 'past', at(2), ''],
    ['Revoked', 'past', at(4), 'Priya'],
  ])
})

test('a denied request has nothing to come', () => {
  const denied: Lived = { ...pending, status: 'denied', resolvedAt: at(1), decisions: [decisionOf('deny')] }
  expect(told(denied)).toEqual([
    ['Submitted', 'past', at(0), 'Mina'],
    ['Denied', 'past', at(1), 'Priya'],
  ])
})

test('access that expired names no person, and access that never began is not shown as active', () => {
  const expired = { ...grant, status: 'ended', endedAt: at(8), endedBy: 'expiry', endedByName: 'Postern' } as const
  expect(told({ ...approved, grant: expired }).at(-1)).toEqual(['Expired', 'past', at(8), ''])
  const failed = { ...expired, activatedAt: null, endedBy: 'failure' } as const
  expect(told({ ...approved, grant: failed }).map(([word]) => word)).toEqual(['Submitted', 'Approved', 'Failed'])
})
