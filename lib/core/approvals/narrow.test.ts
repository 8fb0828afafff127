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

test('an approver can leave the terms unchanged', () => {
  expect(narrow(terms, {})).toEqual({ ok: true, terms })
})

test('an approver can remove verbs, resources, names, namespaces and time', () => {
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

describe('an approver cannot widen', () => {
  test.each([
    ['a verb', { rules: [rule(['get', 'create'])] }, ['/narrow/rules']],
    ['every verb', { rules: [rule(['*'])] }, ['/narrow/rules']],
    ['another resource', { rules: [rule(['get'], ['secrets'])] }, ['/narrow/rules']],
    ['every subresource', { rules: [rule(['get'], ['pods/*'])] }, ['/narrow/rules']],
    ['another API group', { rules: [{ ...rule(['get']), apiGroups: ['apps'] }] }, ['/narrow/rules']],
    ['a second rule', { rules: [rule(['get']), rule(['get'], ['nodes'])] }, ['/narrow/rules']],
    ['a namespace', { namespaces: ['payments', 'search'] }, ['/narrow/namespaces/1']],
    ['a second', { durationSeconds: 1801 }, ['/narrow/duration']],
    [
      'several terms at once',
      { rules: [rule(['*'])], namespaces: ['a', 'b'], durationSeconds: 9999 },
      ['/narrow/rules', '/narrow/namespaces/0', '/narrow/namespaces/1', '/narrow/duration'],
    ],
  ])('an approver cannot add %s', (_, narrowing, pointers) => {
    const result = narrow(terms, narrowing)
    expect(result.ok ? [] : result.errors.map(({ pointer }) => pointer)).toEqual(pointers)
  })

  test('an approver can remove object names but cannot drop the restriction to names', () => {
    const named = { ...terms, rules: [rule(['get'], ['pods'], ['web-1', 'web-2'])] }
    expect(narrow(named, { rules: [rule(['get'], ['pods'], ['web-2'])] }).ok).toBe(true)
    expect(narrow(named, { rules: [rule(['get'], ['pods'])] }).ok).toBe(false)
    expect(narrow(named, { rules: [rule(['get'], ['pods'], [])] }).ok).toBe(false)
  })

  test('an approver cannot change the rules of a vetted ClusterRole', () => {
    const vetted = { ...terms, clusterRole: 'view' }
    expect(narrow(vetted, { rules: vetted.rules }).ok).toBe(false)
    expect(narrow(vetted, { durationSeconds: 60, namespaces: ['payments'] }).ok).toBe(true)
  })
})

describe('for any request and any narrowing', () => {
  const some = (...values: string[]) => fc.subarray(values, { minLength: 1 })
  const aRule: fc.Arbitrary<Rule> = fc.record(
    {
      apiGroups: some('', 'apps', '*'),
      resources: some('pods', 'pods/log', 'secrets', '*'),
      verbs: some('get', 'list', '*'),
      resourceNames: some('a', 'b'),
    },
    { requiredKeys: ['apiGroups', 'resources', 'verbs'] },
  )
  const requestedTerms = fc.record({
    rules: fc.array(aRule, { minLength: 1, maxLength: 3 }),
    namespaces: some('a', 'b', 'c'),
    clusterRole: fc.constant(null),
    durationSeconds: fc.integer({ min: 1, max: 10 }),
  })

  /** Rules that the given ones cover: some of them, each with fewer values. */
  const rulesWithin = (rules: readonly Rule[]): fc.Arbitrary<Rule[]> =>
    fc.subarray([...rules], { minLength: 1 }).chain((chosen) =>
      fc.tuple(
        ...chosen.map((one) =>
          fc.record({
            apiGroups: some(...one.apiGroups),
            resources: some(...one.resources),
            verbs: some(...one.verbs),
            ...(one.resourceNames ? { resourceNames: some(...one.resourceNames) } : {}),
          } as { [K in keyof Rule]: fc.Arbitrary<Rule[K]> }),
        ),
      ),
    ) as fc.Arbitrary<Rule[]>

  test('a narrowing within the request is accepted, and the result is covered by the request', () => {
    const within = requestedTerms.chain((before) =>
      fc.record({
        before: fc.constant(before),
        rules: rulesWithin(before.rules),
        namespaces: fc.subarray(before.namespaces, { minLength: 1 }),
        durationSeconds: fc.integer({ min: 1, max: before.durationSeconds }),
      }),
    )
    fc.assert(
      fc.property(within, ({ before, ...narrowing }) => {
        const result = narrow(before, narrowing)
        if (!result.ok) throw new Error(JSON.stringify(result.errors))
        expect(covers(before.rules, result.terms.rules).covered).toBe(true)
        expect(result.terms.namespaces).toEqual(narrowing.namespaces)
        expect(result.terms.durationSeconds).toBe(narrowing.durationSeconds)
      }),
      { numRuns: 500 },
    )
  })

  test('exactly the terms that the request does not cover are refused', () => {
    fc.assert(
      fc.property(requestedTerms, requestedTerms, (before, { rules, namespaces, durationSeconds }) => {
        const result = narrow(before, { rules, namespaces, durationSeconds })
        const refused = new Set(result.ok ? [] : result.errors.map(({ pointer }) => pointer.split('/')[2]))
        expect(refused.has('rules')).toBe(!covers(before.rules, rules).covered)
        expect(refused.has('namespaces')).toBe(!namespaces.every((name) => before.namespaces.includes(name)))
        expect(refused.has('duration')).toBe(durationSeconds > before.durationSeconds)
      }),
      { numRuns: 500 },
    )
  })
})
