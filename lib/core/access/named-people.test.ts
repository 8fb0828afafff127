import { expect, test } from 'vitest'
import { namedBy, ownNames, withNamedGroups } from './named-people.ts'
import { personGroup } from './on-call.ts'

const account = { subject: 'sub-1', email: 'Priya+ops@Example.com', emailVerified: true }
const groupsOf = (person: typeof account & { groups?: string[] }, ...named: string[]) =>
  withNamedGroups({ groups: [], ...person }, new Set(named.map(personGroup))).groups

test('a step names a person by verified address, in any of its spellings, or by subject', () => {
  expect(groupsOf(account, 'priya@example.com')).toEqual(['person:priya@example.com'])
  expect(groupsOf(account, 'PRIYA@example.com', 'sub-1')).toEqual(['person:sub-1', 'person:priya@example.com'])
  expect(groupsOf({ ...account, emailVerified: false }, 'priya@example.com')).toEqual([])
  expect(groupsOf(account, 'someone@example.com', 'sub-2')).toEqual([])
})

test('a subject that looks like the address of someone else is not that address', () => {
  expect(ownNames({ subject: 'ceo@example.com', email: null, emailVerified: false })).toEqual([])
})

test('a group with the name of a person counts only where Postern added it', () => {
  expect(groupsOf({ ...account, groups: ['sre', 'person:ceo@example.com'] }, 'ceo@example.com')).toEqual(['sre'])
})

test('the people behind groups are found by address and by subject', () => {
  expect(namedBy(['sre', 'person:a@example.com', 'person:sub-1', 'on-call:x'])).toEqual({
    mailboxes: ['a@example.com'],
    subjects: ['sub-1'],
  })
})
