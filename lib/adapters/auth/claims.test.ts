import { describe, expect, test } from 'vitest'
import { type Claims, identityFrom, lacksClaims, timeOfClaims } from './claims.ts'

const names = { groupsClaim: 'groups', subjectClaim: 'sub' }
const read = (claims: Claims, userInfo?: Claims) => identityFrom({ sub: 'u1', ...claims }, names, userInfo)

test('claims that the token has are read, and missing claims are undefined', () => {
  expect(
    read({
      ...{ name: 'Mina', preferred_username: 'mina', email: 'm@example.com', email_verified: true },
      groups: ['b', 'a', 'a'],
    }),
  ).toEqual({
    ...{ subject: 'u1', name: 'Mina', username: 'mina', email: 'm@example.com', emailVerified: true },
    ...{ groups: ['a', 'b'], groupsProblem: undefined, received: [] },
  })
  expect(read({})).toEqual({
    ...{ subject: 'u1', name: undefined, username: undefined, email: undefined, emailVerified: false },
    ...{ groups: undefined, groupsProblem: 'absent', received: ['sub'] },
  })
})

describe('e-mail addresses', () => {
  const verified = (claims: Claims) => read(claims).emailVerified

  test('an address counts as verified only when email_verified is true', () => {
    const withValue = (value: unknown) => verified({ email: 'm@example.com', email_verified: value })
    expect([true, 'true'].map(withValue)).toEqual([true, true])
    expect([undefined, false, 'false', 1, 'yes', {}].map(withValue)).toEqual(Array(6).fill(false))
    expect(verified({ email: 'no-address', email_verified: true })).toBe(false)
  })

  test.each(['"m"@example.com', 'm(x)@example.com', 'm@example.com.', ' m@example.com', 'm\u200b@example.com'])(
    'the unusual address %j does not count as verified',
    (email) => {
      expect(verified({ email, email_verified: true })).toBe(false)
    },
  )

  test('an address and whether it is verified never come from two different places', () => {
    const other = { email: 'victim@example.com', email_verified: true }
    expect(read({ email: 'm@example.com' }, other)).toMatchObject({ email: 'victim@example.com', emailVerified: true })
    expect(read({ email: 'm@example.com' }, { email_verified: true })).toMatchObject({
      ...{ email: 'm@example.com', emailVerified: false },
    })
    expect(read({ email: 'm@example.com', email_verified: false }, other)).toMatchObject({
      ...{ email: 'm@example.com', emailVerified: false },
    })
    expect(read({ email_verified: true }, { email: 'm@example.com' }).emailVerified).toBe(false)
  })
})

describe('groups', () => {
  const groups = (claims: Claims, groupsClaim = 'groups') =>
    identityFrom({ sub: 'u1', ...claims }, { ...names, groupsClaim }).groups
  const problem = (claims: Claims, groupsClaim = 'groups') =>
    identityFrom({ sub: 'u1', ...claims }, { ...names, groupsClaim }).groupsProblem

  test('the name that Postern gives to those who are on call is dropped: no provider decides who is', () => {
    expect(groups({ groups: ['sre', 'on-call:payments', 'on-call:'] })).toEqual(['sre'])
    expect(problem({ groups: ['on-call:payments'] })).toBe('unusable')
  })

  test('a claim may be a string or a list, and values that are not plain text are dropped', () => {
    expect(groups({ groups: 'sre' })).toEqual(['sre'])
    expect(groups({ groups: ['ok', 7, null, '', ' sre', 's\u200bre', 'x'.repeat(300)] })).toEqual(['ok'])
  })

  test('a claim may be nested, also below a client whose name contains dots', () => {
    expect(groups({ realm_access: { roles: ['x'] } }, 'realm_access.roles')).toEqual(['x'])
    expect(groups({ 'https://x.example/groups': ['x'] }, 'https://x.example/groups')).toEqual(['x'])
    const access = { 'my.client': { roles: ['x'] }, my: { roles: ['y'] } }
    expect(groups({ resource_access: access }, 'resource_access.my.client.roles')).toEqual(['x'])
    expect(groups({ resource_access: access }, 'resource_access.my.roles')).toEqual(['y'])
    const exact = { 'a.b': ['exact'], a: { b: ['nested'] } }
    expect(groups(exact, 'a.b')).toEqual(['exact'])
  })

  test('a name of JavaScript’s own is not a claim', () => {
    expect(problem({}, 'constructor.name')).toBe('absent')
    expect(problem({ groups: [] }, 'groups.length')).toBe('absent')
  })

  test('an empty list means no groups, and a missing claim does not', () => {
    expect([groups({ groups: [] }), problem({ groups: [] })]).toEqual([[], undefined])
    for (const claims of [{}, { groups: null }, { group: ['sre'] }, { Groups: ['sre'] }]) {
      expect([groups(claims), problem(claims)]).toEqual([undefined, 'absent'])
    }
  })

  test('groups that are not a list of names are unusable', () => {
    for (const value of [7, true, {}, { admin: { org: 'x' } }, [{ id: 'sre' }], [7], [['sre']], [' sre']]) {
      expect([groups({ groups: value }), problem({ groups: value })], JSON.stringify(value)).toEqual([
        undefined,
        'unusable',
      ])
    }
  })

  test.each([
    ['_claim_names', { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://x.example' } } }],
    ['hasgroups', { hasgroups: true }],
    ['hasgroups as text', { hasgroups: 'true' }],
  ])('too many groups for a token are an overage (%s)', (_, claims) => {
    expect(problem(claims)).toBe('overage')
    expect(problem({ ...claims, groups: ['sre'] })).toBeUndefined()
  })

  test('another distributed claim is not an overage of groups', () => {
    expect(problem({ _claim_names: { address: 'src1' }, hasgroups: false })).toBe('absent')
  })

  test('UserInfo supplies the groups that the token lacks, and none that it lists', () => {
    expect(read({}, { groups: ['sre'] })).toMatchObject({ groups: ['sre'], groupsProblem: undefined })
    expect(read({ groups: { x: 1 } }, { groups: ['sre'] })).toMatchObject({ groups: ['sre'] })
    expect(read({ groups: [] }, { groups: ['sre'] }).groups).toEqual([])
    expect(read({}, { groups: [{ id: 1 }] }).groupsProblem).toBe('unusable')
    expect(read({ hasgroups: true }, { sub: 'u1' }).groupsProblem).toBe('overage')
  })

  test('without groups, the names of the received claims are listed with the paths of lists, and no value', () => {
    const { received } = read(
      { realm_access: { roles: ['secret-role'] }, aud: ['postern'], scope: 'openid' },
      { sub: 'u1', resource_access: { 'my.client': { roles: ['secret-role'] } } },
    )
    expect(received).toEqual([
      ...['aud', 'realm_access', 'realm_access.roles', 'resource_access', 'resource_access.my.client.roles'],
      ...['scope', 'sub'],
    ])
  })

  test('at most fifty names of claims are listed, each at most a hundred characters long', () => {
    const claims = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${i}`.repeat(60), i]))
    const { received } = read(claims)
    expect(received).toHaveLength(50)
    expect(Math.max(...received.map((name) => name.length))).toBeLessThanOrEqual(100)
  })
})

describe('subjects', () => {
  test('claims without a usable subject are refused', () => {
    for (const sub of [undefined, '', 7, 'x'.repeat(256), 'a\u0000b', 'mïna']) {
      expect(() => identityFrom({ sub }, names)).toThrow(TypeError)
    }
  })

  test('another claim may be the subject, and then `sub` never is', () => {
    const oid = { ...names, subjectClaim: 'oid' }
    expect(identityFrom({ sub: 'pairwise-1', oid: 'object-1' }, oid).subject).toBe('object-1')
    expect(() => identityFrom({ sub: 'pairwise-1' }, oid)).toThrow(TypeError)
    expect(() => identityFrom({ sub: 'pairwise-1' }, oid, { sub: 'pairwise-1', oid: 'object-1' })).toThrow(TypeError)
  })
})

test('the manager is the mailbox in the claim that the configuration names, and any other text is none', () => {
  const managed = (claims: Claims, managerClaim?: string) =>
    identityFrom({ sub: 'u1', ...claims }, { ...names, managerClaim }).manager
  expect(managed({ manager: 'Priya+a@Example.com' }, 'manager')).toBe('priya@example.com')
  expect(managed({ org: { boss: 'priya@example.com' } }, 'org.boss')).toBe('priya@example.com')
  expect(managed({ manager: 'priya@example.com' }), 'no claim is configured').toBeUndefined()
  for (const manager of [
    undefined,
    '',
    7,
    ['priya@example.com'],
    'CN=Priya',
    '"a b"@example.com',
    'priya@example.com\u200b',
  ])
    expect(managed({ manager }, 'manager')).toBeNull()
})

test('characters that reorder or hide text are removed from a name', () => {
  expect(read({ name: 'Mina\u202e\u0000 Okafor\n' }).name).toBe('Mina Okafor')
})

test('UserInfo is needed only for a claim that the token lacks and that Postern asks for', () => {
  const complete = { name: 'Mina', email: 'm@example.com', email_verified: true, groups: [] }
  const lacks = (claims: Claims, scopes = ['openid', 'profile', 'email']) => lacksClaims(claims, 'groups', scopes)
  expect(lacks(complete)).toBe(false)
  for (const claim of ['name', 'email', 'email_verified', 'groups']) {
    expect(lacks({ ...complete, [claim]: undefined }), claim).toBe(true)
  }
  expect(lacks({ ...complete, name: undefined, preferred_username: 'mina' })).toBe(false)
  expect(lacks({ groups: [] }, ['openid'])).toBe(false)
  expect(lacks({ ...complete, groups: undefined, hasgroups: true }), 'UserInfo has no more room').toBe(false)
})

test('claims were true at the later of `iat` and the call, but never long after the call', () => {
  const calledAt = new Date('2026-11-26T09:00:00.500Z')
  const time = (iat: unknown) => timeOfClaims({ iat }, calledAt).toISOString()
  const at = (text: string) => Math.floor(Date.parse(text) / 1000)
  expect(time(at('2026-11-26T09:00:30Z')), 'the provider’s clock is ahead').toBe('2026-11-26T09:00:30.000Z')
  expect(time(at('2026-11-26T08:55:00Z')), 'Entra ID dates tokens back').toBe('2026-11-26T09:00:00.500Z')
  expect(time(at('2099-01-01T00:00:00Z'))).toBe('2026-11-26T09:01:00.500Z')
  for (const iat of [undefined, 'now', Number.NaN]) expect(time(iat)).toBe('2026-11-26T09:00:00.500Z')
})
