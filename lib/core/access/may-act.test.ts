import { describe, expect, test } from 'vitest'
import type { PersonActor, Role } from './actor.ts'
import { mayIssueCredential, mayRelease, mayRevoke, maySee, mayWithdraw } from './may-act.ts'
import { grantStatuses, requestStatuses } from './status.ts'

const actor = (id: string, groups: string[] = [], roles: Role[] = []): PersonActor => ({
  kind: 'person',
  person: {
    ...{ id: `per_${id}`, issuer: 'i', subject: id, name: id, groups },
    ...{ email: null, emailVerified: false, knownEmails: [] },
  },
  roles,
  origin: { via: 'api', clientAddress: null, reference: 'r' },
})

const mina = actor('mina', ['payments-dev'])
const priya = actor('priya', ['payments-leads'])
const auditor = actor('ines', [], ['auditor'])
const admin = actor('ola', [], ['admin'])
const stranger = actor('jonas', ['search-dev'])
const request = { requesterId: 'per_mina', approverGroups: ['payments-leads'], deciderIds: ['per_former'] }
const now = new Date('2026-11-23T09:00:00Z')
const later = new Date('2026-11-23T09:00:01Z')

test.each([
  ['the requester', mina, true],
  ['an approver', priya, true],
  ['an auditor', auditor, true],
  ['an admin', admin, true],
  ['whoever decided', actor('former'), true],
  ['another team', stranger, false],
  ['somebody in no group', actor('nobody'), false],
])('%s sees it: %o', (_, who, sees) => {
  expect(maySee(who, request)).toBe(sees)
})

test('a request that needs nobody is no approver’s', () => {
  expect(maySee(priya, { ...request, approverGroups: [] })).toBe(false)
})

test.each(requestStatuses)('withdrawing one that is %s', (status) => {
  expect(mayWithdraw(mina, { ...request, status }).may).toBe(status === 'pending')
  for (const who of [priya, auditor, admin]) expect(mayWithdraw(who, { ...request, status }).may).toBe(false)
})

describe.each(grantStatuses)('a grant that is %s', (status) => {
  const lives = status === 'pending' || status === 'active'

  test('is revoked by those who may approve it and by admins, while there is something to revoke', () => {
    for (const who of [priya, admin]) expect(mayRevoke(who, request, { status }).may).toBe(lives)
    for (const who of [mina, auditor, stranger]) expect(mayRevoke(who, request, { status }).may).toBe(false)
  })

  test('is given back by its holder alone', () => {
    expect(mayRelease(mina, request, { status }).may).toBe(lives)
    for (const who of [priya, auditor, admin, stranger]) expect(mayRelease(who, request, { status }).may).toBe(false)
  })

  test('gives a credential to its holder alone, while it is active and not past its end', () => {
    expect(mayIssueCredential(mina, request, { status, expiresAt: later }, now).may).toBe(status === 'active')
    expect(mayIssueCredential(mina, request, { status, expiresAt: now }, now).may).toBe(false)
    expect(mayIssueCredential(mina, request, { status, expiresAt: null }, now).may).toBe(false)
    for (const who of [priya, auditor, admin, stranger])
      expect(mayIssueCredential(who, request, { status, expiresAt: later }, now).may).toBe(false)
  })
})

test('every no says why', () => {
  const nos = [
    mayWithdraw(priya, { ...request, status: 'pending' }),
    mayRevoke(mina, request, { status: 'active' }),
    mayRevoke(priya, request, null),
    mayRelease(mina, request, null),
    mayIssueCredential(mina, request, null, now),
  ]
  for (const may of nos) expect(may.may ? '' : may.why).toMatch(/^[A-Z].+\.$/)
})
