import { describe, expect, test } from 'vitest'
import { ceilingOf, grantedRules } from './granted-rules.ts'

const pods = (...verbs: string[]) => ({ apiGroups: [''], resources: ['pods'], verbs })
const clusterRoles = { view: [pods('list', 'get')] }

describe('what would be granted', () => {
  test('the fixed rules, in normal form', () => {
    expect(grantedRules({ rules: [pods('list', 'get', 'get')] }, null, {})).toEqual([pods('get', 'list')])
  })
  test('fewer than the fixed rules where an approver narrowed them, never others', () => {
    const fixed = { rules: [pods('get', 'list')] }
    expect(grantedRules(fixed, [pods('get')], {})).toEqual([pods('get')])
    expect(grantedRules(fixed, [pods('get', 'delete')], {})).toEqual([pods('get', 'list')])
    expect(grantedRules(fixed, [], {})).toEqual([pods('get', 'list')])
  })
  test('what was chosen under a ceiling, and nothing where nothing was', () => {
    const below = { ceiling: [pods('get', 'list')] }
    expect(grantedRules(below, [pods('list', 'get')], {})).toEqual([pods('get', 'list')])
    for (const chosen of [null, undefined, []]) expect(grantedRules(below, chosen, {})).toBeNull()
  })
  test('what the ClusterRole says in that cluster, or what an approver left of it', () => {
    expect(grantedRules({ clusterRole: 'view' }, null, clusterRoles)).toEqual([pods('get', 'list')])
    expect(grantedRules({ clusterRole: 'view' }, [pods('get')], clusterRoles)).toEqual([pods('get')])
  })
  test('not known where the ClusterRole was never seen', () => {
    for (const clusterRole of ['edit', 'constructor', '__proto__']) {
      expect(grantedRules({ clusterRole }, null, clusterRoles)).toBeNull()
      expect(ceilingOf({ clusterRole }, clusterRoles)).toBeNull()
    }
  })
})
