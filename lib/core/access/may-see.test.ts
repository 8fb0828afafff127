import { expect, test } from 'vitest'
import type { PersonActor, Role } from './actor.ts'
import { maySee } from './may-see.ts'

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

test.each([
  ['the requester', mina],
  ['an approver', priya],
  ['an auditor', auditor],
  ['an admin', admin],
  ['a former approver who decided it', actor('former')],
])('%s can see a request', (_, person) => {
  expect(maySee(person, request)).toBe(true)
})

test.each([
  ['a member of another team', stranger],
  ['a person without groups', actor('groupless')],
])('%s cannot see a request', (_, person) => {
  expect(maySee(person, request)).toBe(false)
})

test('a request without approval steps is not visible to approvers', () => {
  expect(maySee(priya, { ...request, approverGroups: [] })).toBe(false)
})
