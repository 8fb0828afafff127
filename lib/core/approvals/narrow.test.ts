import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { covers } from '#lib/core/rbac/covers'
import { narrow } from './narrow.ts'

const rule = (verbs: string[], resources = ['pods'], resourceNames?: string[]): Rule => ({
  apiGroups: [''],
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
})
const terms = {
  namespaces: ['checkout', 'payments'],
  rules: [rule(['get', 'list', 'delete'], ['pods', 'pods/log'])],
  clusterRole: null as string | null,
  durationSeconds: 1800,
}

describe('an approver takes away', () => {
  test('nothing, and the terms stay', () => {
    expect(narrow(terms, {})).toEqual({ ok: true, terms })
  })

  test('verbs, resources, names, namespaces and time', () => {
    const less = {
      rules: [rule(['get'], ['pods'], ['web-1'])],
      namespaces: ['payments', 'payments'],
      durationSeconds: 60,
    }
    expect(narrow(terms, less)).toEqual({
      ok: true,
      terms: { ...terms, rules: less.rules, namespaces: ['payments'], durationSeconds: 60 },
    })
  })
})

describe('an approver never adds', () => {
  test.each([
    ['a verb', { rules: [rule(['get', 'create'])] }, ['/narrow/rules']],
    ['every verb', { rules: [rule(['*'])] }, ['/narrow/rules']],
    ['another resource', { rules: [rule(['get'], ['secrets'])] }, ['/narrow/rules']],
    ['every subresource', { rules: [rule(['get'], ['pods/*'])] }, ['/narrow/rules']],
    ['another group', { rules: [{ ...rule(['get']), apiGroups: ['apps'] }] }, ['/narrow/rules']],
    ['a second rule', { rules: [rule(['get']), rule(['get'], ['nodes'])] }, ['/narrow/rules']],
    ['a namespace', { namespaces: ['payments', 'search'] }, ['/narrow/namespaces/1']],
    ['a second more', { durationSeconds: 1801 }, ['/narrow/duration']],
    [
      'everything',
      { rules: [rule(['*'])], namespaces: ['a', 'b'], durationSeconds: 9999 },
      ['/narrow/rules', '/narrow/namespaces/0', '/narrow/namespaces/1', '/narrow/duration'],
    ],
  ])('%s', (_, narrowing, pointers) => {
    const result = narrow(terms, narrowing)
    expect(result.ok ? [] : result.errors.map(({ pointer }) => pointer)).toEqual(pointers)
  })

  test('names where all were meant are less; all where names were meant are more', () => {
    const named = { ...terms, rules: [rule(['get'], ['pods'], ['web-1', 'web-2'])] }
    expect(narrow(named, { rules: [rule(['get'], ['pods'], ['web-2'])] }).ok).toBe(true)
    expect(narrow(named, { rules: [rule(['get'], ['pods'])] }).ok).toBe(false)
    expect(narrow(named, { rules: [rule(['get'], ['pods'], [])] }).ok).toBe(false)
  })

  test('the rules of a vetted ClusterRole are given whole', () => {
    const vetted = { ...terms, clusterRole: 'view' }
    expect(narrow(vetted, { rules: vetted.rules }).ok).toBe(false)
    expect(narrow(vetted, { durationSeconds: 60, namespaces: ['payments'] }).ok).toBe(true)
  })
})

test('whatever is asked for, what is left is covered by what was there', () => {
  const some = (...values: string[]) => fc.subarray(values, { minLength: 1 })
  const aRule = fc.record({
    apiGroups: some('', 'apps', '*'),
    resources: some('pods', 'pods/log', 'secrets', '*'),
    verbs: some('get', 'list', '*'),
    resourceNames: fc.option(some('a', 'b'), { nil: undefined }),
  })
  const rules = fc.array(aRule, { minLength: 1, maxLength: 3 })
  const namespaces = some('a', 'b', 'c')
  const seconds = fc.integer({ min: 1, max: 10 })
  fc.assert(
    fc.property(
      rules,
      namespaces,
      seconds,
      rules,
      namespaces,
      seconds,
      (r, n, s, rules, namespaces, durationSeconds) => {
        const before = { rules: r as Rule[], namespaces: n, clusterRole: null, durationSeconds: s }
        const result = narrow(before, { rules: rules as Rule[], namespaces, durationSeconds })
        if (!result.ok) return
        expect(covers(before.rules, result.terms.rules).covered).toBe(true)
        expect(result.terms.namespaces.every((name) => before.namespaces.includes(name))).toBe(true)
        expect(result.terms.durationSeconds).toBeLessThanOrEqual(before.durationSeconds)
      },
    ),
    { numRuns: 500 },
  )
})
