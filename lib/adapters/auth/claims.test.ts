import { expect, test } from 'vitest'
import { identityFrom } from './claims.ts'

test('claims that the token has are read, and missing claims are undefined', () => {
  expect(
    identityFrom(
      { sub: 'u1', name: 'Mina', email: 'm@example.com', email_verified: true, groups: ['b', 'a', 'a'] },
      'groups',
    ),
  ).toEqual({ subject: 'u1', name: 'Mina', email: 'm@example.com', emailVerified: true, groups: ['a', 'b'] })
  expect(identityFrom({ sub: 'u1' }, 'groups')).toEqual({
    subject: 'u1',
    name: undefined,
    email: undefined,
    emailVerified: false,
    groups: undefined,
  })
})

test('an e-mail address counts as verified only when email_verified is true', () => {
  const verified = (value: unknown) =>
    identityFrom({ sub: 'u1', email: 'm@example.com', email_verified: value }, 'groups').emailVerified
  expect([true, 'true'].map(verified)).toEqual([true, true])
  expect([undefined, false, 'false', 1, 'yes', {}].map(verified)).toEqual(Array(6).fill(false))
  expect(identityFrom({ sub: 'u1', email: 'no-address', email_verified: true }, 'groups').emailVerified).toBe(false)
})

test('groups may be nested, a string or a list, and values that are not plain text are dropped', () => {
  const groups = (claims: object, path = 'groups') => identityFrom({ sub: 'u1', ...claims }, path).groups
  expect(groups({ realm_access: { roles: ['x'] } }, 'realm_access.roles')).toEqual(['x'])
  expect(groups({ 'https://x.example/groups': ['x'] }, 'https://x.example/groups')).toEqual(['x'])
  expect(groups({ groups: 'sre' })).toEqual(['sre'])
  expect(groups({ groups: ['ok', 7, null, '', ' sre', 's\u200bre', 'x'.repeat(300)] })).toEqual(['ok'])
  expect(groups({ groups: 7 })).toBeUndefined()
  expect(groups({}, 'constructor.name')).toBeUndefined()
})

test('characters that reorder or hide text are removed from a name', () => {
  expect(identityFrom({ sub: 'u1', name: 'Mina\u202e\u0000 Okafor\n' }, 'groups').name).toBe('Mina Okafor')
})

test('claims without a usable subject are refused', () => {
  for (const sub of [undefined, '', 7, 'x'.repeat(256), 'a\u0000b', 'mïna']) {
    expect(() => identityFrom({ sub }, 'groups')).toThrow(TypeError)
  }
})
