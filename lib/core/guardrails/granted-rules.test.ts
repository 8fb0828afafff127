import { describe, expect, test } from 'vitest'
import { ceilingOf, grantedRules } from './granted-rules.ts'

const pods = (...verbs: string[]) => ({ apiGroups: [''], resources: ['pods'], verbs })
const clusterRoles = { view: [pods('list', 'get')] }

describe('granted rules', () => {
  test('a fixed entitlement grants its rules in normal form', () => {
    expect(grantedRules({ rules: [pods('list', 'get', 'get')] }, null, {})).toEqual([pods('get', 'list')])
  })
  test('an approver can narrow fixed rules, never replace or widen them', () => {
    const fixed = { rules: [pods('get', 'list')] }
    expect(grantedRules(fixed, [pods('get')], {})).toEqual([pods('get')])
    expect(grantedRules(fixed, [pods('get', 'delete')], {})).toEqual([pods('get', 'list')])
    expect(grantedRules(fixed, [], {})).toEqual([pods('get', 'list')])
  })
  test('an entitlement with a ceiling grants the chosen rules, and none if none are chosen', () => {
    const below = { ceiling: [pods('get', 'list')] }
    expect(grantedRules(below, [pods('list', 'get')], {})).toEqual([pods('get', 'list')])
    for (const chosen of [null, undefined, []]) expect(grantedRules(below, chosen, {})).toBeNull()
  })
  test('a ClusterRole grants its rules in the cluster, or the narrowed ones', () => {
    expect(grantedRules({ clusterRole: 'view' }, null, clusterRoles)).toEqual([pods('get', 'list')])
    expect(grantedRules({ clusterRole: 'view' }, [pods('get')], clusterRoles)).toEqual([pods('get')])
  })
  test('the rules of a ClusterRole that was never read are unknown', () => {
    for (const clusterRole of ['edit', 'constructor', '__proto__']) {
      expect(grantedRules({ clusterRole }, null, clusterRoles)).toBeNull()
      expect(ceilingOf({ clusterRole }, clusterRoles)).toBeNull()
    }
  })
})
