import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { judgePosture } from '#lib/core/rbac/posture/judge'
import { suggestEntitlement } from '#lib/core/rbac/posture/suggest-entitlement'
import { anyText } from '#testing/any-text'
import { aConfiguration } from '#testing/configuration'
import { parseConfiguration } from './parse.ts'

const { entitlements: _, ...company } = aConfiguration()
const before = stringify(company)

/** The suggestion, added to a configuration as a person adds it. */
function added(suggestion: string) {
  const result = parseConfiguration(`${before}${suggestion}`, 'postern.yaml')
  return result.ok ? result.configuration.entitlements : result
}

type Held = { namespace: string; role: string; isClusterRole: boolean; subjects: { kind: string; name: string }[] }

/** What judgePosture makes of people who hold a role that reads Secrets. */
function standingOf({ namespace, role, isClusterRole, subjects }: Held, resources: string[] = ['secrets']) {
  const rules = [{ apiGroups: [''], resources, verbs: ['get', 'list'] }]
  const roleRef = { kind: isClusterRole || namespace === '' ? 'ClusterRole' : 'Role', name: role }
  return judgePosture({
    objects: {
      roles: [{ metadata: { namespace, name: role }, rules }],
      clusterRoles: [{ metadata: { name: role }, rules }],
      roleBindings: namespace === '' ? [] : [{ metadata: { namespace, name: 'team' }, roleRef, subjects }],
      clusterRoleBindings: namespace === '' ? [{ metadata: { name: 'team' }, roleRef, subjects }] : [],
    },
    served: null,
    serviceAccounts: null,
  }).standing.access
}

const mapping = fc.constantFrom(
  undefined,
  { username: 'email' as const, usernamePrefix: '', groupsPrefix: 'oidc:' },
  { username: 'subject' as const, usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' },
)
const subject = (name: fc.Arbitrary<string>) => fc.record({ kind: fc.constantFrom('User', 'Group'), name })
const ordinary = fc.constantFrom('oidc:sre', 'payments-devs', 'priya@example.com', 'oidc:u-1', 'oidc:', 'oidc:person:x')
const held = (namespace: fc.Arbitrary<string>, role: fc.Arbitrary<string>, name: fc.Arbitrary<string>) =>
  fc.record({
    ...{ namespace, role, isClusterRole: fc.boolean() },
    subjects: fc.array(subject(name), { minLength: 1, maxLength: 4 }),
  })

describe('a suggested entitlement', () => {
  test('is valid in postern.yaml as it is, and no one can approve it before its approvers are filled in', () => {
    const some = held(
      fc.constantFrom('payments', 'a'.repeat(63), ''),
      fc.constantFrom('edit', 'system:aggregate-to-edit', `team.${'x'.repeat(240)}`, 'ÜBER', '-', 'y: [&a *a]'),
      ordinary,
    )
    const taken = new Set(['payments-edit'])
    fc.assert(
      fc.property(some, mapping, (one, mapping) => {
        const [access] = standingOf(one)
        if (!access) throw new Error('not found')
        const suggestion = suggestEntitlement(access, { cluster: 'prod-eu', mapping, taken })
        expect(added(suggestion?.text ?? '')).toMatchObject([
          { clusters: ['prod-eu'], approvals: [{ groups: ['fill-in-the-approvers'], count: 1 }] },
        ])
        expect(taken).not.toContain(suggestion?.name)
      }),
      { numRuns: 40 },
    )
  })

  test('of any names and rules at all is valid or absent', () => {
    const namespace = fc.oneof(fc.constantFrom('payments', ''), anyText(70))
    fc.assert(
      fc.property(held(namespace, anyText(70), anyText(40)), mapping, anyText(20), (one, mapping, resource) => {
        for (const access of standingOf(one, ['secrets', resource])) {
          const suggestion = suggestEntitlement(access, { cluster: 'prod-eu', mapping, taken: new Set() })
          if (suggestion.text) expect(added(suggestion.text)).toMatchObject([{ clusters: ['prod-eu'] }])
        }
      }),
      { numRuns: 60 },
    )
  })

  test('names the groups and people of the identity provider, without the prefixes of the cluster', () => {
    const suggest = (names: string[], username: 'email' | 'subject') => {
      const subjects = names.map((name) => ({ kind: name.includes('team') ? 'Group' : 'User', name }))
      const [access] = standingOf({ namespace: 'payments', role: 'edit', isClusterRole: true, subjects })
      const mapping = { username, usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' }
      const suggestion = access && suggestEntitlement(access, { cluster: 'prod-eu', mapping, taken: new Set() })
      return parse(suggestion?.text ?? '').entitlements[0].who
    }
    expect(suggest(['oidc:team', 'oidc:u-1'], 'subject')).toEqual({ groups: ['team'], people: ['u-1'] })
    // Postern does not know which subject has an address, or which group has another prefix.
    expect(suggest(['oidc:team', 'oidc:a@b.c'], 'email')).toEqual({ groups: ['team', 'fill-in-the-requesters'] })
    expect(suggest(['other:team'], 'subject')).toEqual({ groups: ['fill-in-the-requesters'] })
  })
})
