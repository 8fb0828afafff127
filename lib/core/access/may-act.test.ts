import { describe, expect, test } from 'vitest'
import { admin, auditor, mina, priya, request, stranger } from './actors.testing.ts'
import { mayIssueCredential, mayRelease, mayRevoke, mayWithdraw } from './may-act.ts'
import { grantStatuses, requestStatuses } from './status.ts'

const now = new Date('2026-11-23T09:00:00Z')
const later = new Date('2026-11-23T09:00:01Z')

test.each(requestStatuses)(
  'a request that is %s can be withdrawn by its requester alone, and only while pending',
  (status) => {
    expect(mayWithdraw(mina, { ...request, status }).may).toBe(status === 'pending')
    for (const person of [priya, auditor, admin]) expect(mayWithdraw(person, { ...request, status }).may).toBe(false)
  },
)

describe.each(grantStatuses)('a grant that is %s', (status) => {
  const isLive = status === 'pending' || status === 'active'

  test(`a grant that is ${status} can be revoked by approvers and admins alone, and only before it is ending`, () => {
    for (const person of [priya, admin]) expect(mayRevoke(person, request, { status }).may).toBe(isLive)
    for (const person of [mina, auditor, stranger]) expect(mayRevoke(person, request, { status }).may).toBe(false)
  })

  test(`a grant that is ${status} can be released by its holder alone, and only before it is ending`, () => {
    expect(mayRelease(mina, request, { status }).may).toBe(isLive)
    for (const person of [priya, auditor, admin, stranger])
      expect(mayRelease(person, request, { status }).may).toBe(false)
  })

  test(`a credential for a grant that is ${status} is issued to its holder alone, only while active and not expired`, () => {
    expect(mayIssueCredential(mina, request, { status, expiresAt: later }, now).may).toBe(status === 'active')
    expect(mayIssueCredential(mina, request, { status, expiresAt: now }, now).may).toBe(false)
    expect(mayIssueCredential(mina, request, { status, expiresAt: null }, now).may).toBe(false)
    for (const person of [priya, auditor, admin, stranger])
      expect(mayIssueCredential(person, request, { status, expiresAt: later }, now).may).toBe(false)
  })
})

test('every refusal gives a reason in a full sentence', () => {
  const refusals = [
    mayWithdraw(priya, { ...request, status: 'pending' }),
    mayRevoke(mina, request, { status: 'active' }),
    mayRevoke(priya, request, null),
    mayRelease(mina, request, null),
    mayIssueCredential(mina, request, null, now),
  ]
  for (const refusal of refusals) expect(refusal.may ? '' : refusal.why).toMatch(/^[A-Z].+\.$/)
})
