import { describe, expect, test } from 'vitest'
import { identityIn } from './identity.ts'

const person = { subject: 'u-17', email: 'mina@example.com', emailVerified: true, groups: ['dev', 'sre'] }
const mapping = { username: 'email' as const, usernamePrefix: 'oidc:', groupsPrefix: 'sso/' }

describe('a person’s identity in a cluster', () => {
  test('is the configured claim with both prefixes, in the group of all authenticated users', () => {
    const groups = ['sso/dev', 'sso/sre', 'system:authenticated']
    expect(identityIn(mapping, person)).toEqual({ user: 'oidc:mina@example.com', groups })
    expect(identityIn({ ...mapping, username: 'subject' }, person)).toEqual({ user: 'oidc:u-17', groups })
  })
  test('does not exist by an e-mail address that is unverified or missing', () => {
    expect(identityIn(mapping, { ...person, emailVerified: false })).toBeNull()
    expect(identityIn(mapping, { ...person, email: null })).toBeNull()
    const bySubject = identityIn({ ...mapping, username: 'subject' }, { ...person, email: null })
    expect(bySubject?.user).toBe('oidc:u-17')
  })
})
