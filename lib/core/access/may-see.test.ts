import { expect, test } from 'vitest'
import { actor, admin, auditor, mina, priya, request, stranger } from './actors.testing.ts'
import { maySee } from './may-see.ts'

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
