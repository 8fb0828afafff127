import { describe, expect, test } from 'vitest'
import { identityIn } from './identity.ts'

const person = { subject: 'u-17', email: 'mina@example.com', emailVerified: true, groups: ['dev', 'sre'] }
const mapping = { username: 'email' as const, usernamePrefix: 'oidc:', groupsPrefix: 'sso/' }

describe('whom a cluster takes a person for', () => {
  test('is the claim that it is told to take, with both prefixes, and everybody who signs in', () => {
    const groups = ['sso/dev', 'sso/sre', 'system:authenticated']
    expect(identityIn(mapping, person)).toEqual({ user: 'oidc:mina@example.com', groups })
    expect(identityIn({ ...mapping, username: 'subject' }, person)).toEqual({ user: 'oidc:u-17', groups })
  })
  test('is nobody by an e-mail address that was not verified or is not there', () => {
    expect(identityIn(mapping, { ...person, emailVerified: false })).toBeNull()
    expect(identityIn(mapping, { ...person, email: null })).toBeNull()
    expect(identityIn({ ...mapping, username: 'subject' }, { ...person, email: null })).not.toBeNull()
  })
})
