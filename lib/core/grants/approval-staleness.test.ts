import { expect, test } from 'vitest'
import { isApprovalStale } from './approval-staleness.ts'

const at = (day: number, hour = 10) => new Date(Date.UTC(2026, 10, day, hour))
const approved = { request: { createdAt: at(20), startsAt: null }, decisions: [{ at: at(23).toISOString() }] }

test('an approval is good for a day after the last decision, and then stale', () => {
  expect(isApprovalStale({ ...approved, now: at(24) })).toBe(false)
  expect(isApprovalStale({ ...approved, now: new Date(at(24).getTime() + 1) })).toBe(true)
})

test('the day begins at the requested start where that is later than the decision', () => {
  const request = { createdAt: at(20), startsAt: at(25) }
  expect(isApprovalStale({ ...approved, request, now: at(26) })).toBe(false)
  expect(isApprovalStale({ ...approved, request, now: at(26, 11) })).toBe(true)
})

test('an automatic approval goes stale a day after its request was submitted', () => {
  expect(isApprovalStale({ ...approved, decisions: [], now: at(21) })).toBe(false)
  expect(isApprovalStale({ ...approved, decisions: [], now: at(21, 11) })).toBe(true)
})
