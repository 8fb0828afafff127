import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { growthOf } from '#testing/steps'
import { aRules, atomsOf, coversByAtoms } from './arbitrary.testing.ts'
import { covers, heldOf } from './covers.ts'

const rule = (verbs: string[], resources: string[], apiGroups = [''], resourceNames?: string[]): Rule => ({
  apiGroups,
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
})

describe('covers, as the API server compares rules', () => {
  const table: [string, Rule[], Rule[], boolean][] = [
    ['the same rule', [rule(['get'], ['pods'])], [rule(['get'], ['pods'])], true],
    ['less of each', [rule(['get', 'list'], ['pods', 'secrets'], ['', 'apps'])], [rule(['get'], ['pods'])], true],
    ['another verb', [rule(['get'], ['pods'])], [rule(['list'], ['pods'])], false],
    ['another group', [rule(['get'], ['deployments'], ['apps'])], [rule(['get'], ['deployments'], ['ext'])], false],
    ['no requested rules', [], [], true],
    ['no owner rules', [], [rule(['get'], ['pods'])], false],
    [
      'two owner rules together',
      [rule(['get'], ['pods']), rule(['list'], ['pods'])],
      [rule(['get', 'list'], ['pods'])],
      true,
    ],
    [
      'rules never combine across a single verb and resource',
      [rule(['get'], ['pods']), rule(['list'], ['secrets'])],
      [rule(['get', 'list'], ['pods', 'secrets'])],
      false,
    ],
    ['every verb by *', [rule(['*'], ['pods'])], [rule(['get', 'escalate'], ['pods'])], true],
    ['* is not the list of all verbs', [rule(['get', 'list', 'watch'], ['pods'])], [rule(['*'], ['pods'])], false],
    ['* is covered by *', [rule(['*'], ['*'], ['*'])], [rule(['*'], ['*'], ['*'])], true],
    ['every resource by *', [rule(['get'], ['*'])], [rule(['get'], ['pods/log', '*/scale', 'pods/*'])], true],
    ['* is not a list of resources', [rule(['get'], ['pods', 'pods/log'])], [rule(['get'], ['*'])], false],
    ['a resource does not cover its subresource', [rule(['get'], ['pods'])], [rule(['get'], ['pods/log'])], false],
    ['a subresource does not cover its resource', [rule(['get'], ['pods/log'])], [rule(['get'], ['pods'])], false],
    ['*/scale covers one scale', [rule(['get'], ['*/scale'])], [rule(['get'], ['deployments/scale'])], true],
    ['one scale does not cover */scale', [rule(['get'], ['deployments/scale'])], [rule(['get'], ['*/scale'])], false],
    ['*/scale covers nothing else', [rule(['get'], ['*/scale'])], [rule(['get'], ['deployments', 'a/status'])], false],
    ['pods/* is literal', [rule(['get'], ['pods/*'])], [rule(['get'], ['pods/log'])], false],
    ['pods/* covers itself', [rule(['get'], ['pods/*'])], [rule(['get'], ['pods/*'])], true],
    ['*/* is the subresource * of anything', [rule(['get'], ['*/*'])], [rule(['get'], ['pods/*'])], true],
    ['*/* is not a wildcard', [rule(['get'], ['*/*'])], [rule(['get'], ['pods/log', 'pods'])], false],
    ['a resource is split at the first slash', [rule(['get'], ['*/b/c'])], [rule(['get'], ['a/b/c'])], true],
    ['a resource is not split at the last slash', [rule(['get'], ['*/c'])], [rule(['get'], ['a/b/c'])], false],
    ['the core group is not every group', [rule(['get'], ['pods'], [''])], [rule(['get'], ['pods'], ['*'])], false],
    ['no group covers nothing', [rule(['get'], ['pods'], [])], [rule(['get'], ['pods'])], false],
    ['a rule without a group allows nothing', [], [rule(['get'], ['pods'], [])], true],
    ['a rule without a verb allows nothing', [], [rule([], ['pods'])], true],
    ['any name covers one', [rule(['get'], ['pods'])], [rule(['get'], ['pods'], [''], ['a'])], true],
    ['one name does not cover any', [rule(['get'], ['pods'], [''], ['a'])], [rule(['get'], ['pods'])], false],
    ['empty names are any name', [rule(['get'], ['pods'], [''], ['a'])], [rule(['get'], ['pods'], [''], [])], false],
    ['* is a literal name', [rule(['get'], ['pods'], [''], ['*'])], [rule(['get'], ['pods'], [''], ['a'])], false],
    ['the name "" is not any name', [rule(['get'], ['pods'], [''], [''])], [rule(['get'], ['pods'])], false],
    ['the name "" covers itself', [rule(['get'], ['pods'], [''], [''])], [rule(['get'], ['pods'], [''], [''])], true],
    [
      'names may come from several rules',
      [rule(['get'], ['pods'], [''], ['a']), rule(['get'], ['pods'], [''], ['b'])],
      [rule(['get'], ['pods'], [''], ['a', 'b'])],
      true,
    ],
    ['case counts', [rule(['get'], ['pods'])], [rule(['Get'], ['pods'])], false],
    [
      'properties of JavaScript objects are not permissions',
      [rule(['get'], ['pods'])],
      [rule(['constructor'], ['__proto__'])],
      false,
    ],
  ]
  test.each(table)('%s', (_, owner, requested, expected) => {
    expect(covers(owner, requested).covered).toBe(expected)
  })

  test('returns exactly the permissions that are not covered', () => {
    const owner = [rule(['get', 'list'], ['pods', 'services'])]
    expect(covers(owner, [rule(['get', 'delete'], ['pods', 'services'])]).uncovered).toEqual([
      rule(['delete'], ['pods', 'services']),
    ])
    expect(covers(owner, [rule(['get'], ['pods'], ['', 'apps']), rule(['list'], ['pods'])]).uncovered).toEqual([
      rule(['get'], ['pods'], ['apps']),
    ])
    const named = [rule(['get'], ['secrets'], [''], ['db'])]
    expect(covers(named, [rule(['get'], ['secrets'], [''], ['db', 'tls', 'tls'])]).uncovered).toEqual([
      rule(['get'], ['secrets'], [''], ['tls']),
    ])
  })

  test('agrees with a comparison of every single permission', () => {
    fc.assert(
      fc.property(aRules, aRules, (owner, requested) => {
        const result = covers(owner, requested)
        const expected = coversByAtoms(owner, requested)
        expect(result.covered).toBe(expected.length === 0)
        const left = new Set(result.uncovered.flatMap(atomsOf).map((atom) => JSON.stringify(atom)))
        expect(left).toEqual(new Set(expected.map((atom) => JSON.stringify(atom))))
      }),
      { numRuns: 1000 },
    )
  })

  test('splits the requested rules into a held and an uncovered part', () => {
    fc.assert(
      fc.property(aRules, aRules, (owner, requested) => {
        const atoms = (rules: Rule[]) => new Set(rules.flatMap(atomsOf).map((atom) => JSON.stringify(atom)))
        const held = heldOf(owner, requested)
        const uncovered = new Set(coversByAtoms(owner, requested).map((atom) => JSON.stringify(atom)))
        expect(covers(owner, held).covered).toBe(true)
        expect(atoms(held)).toEqual(atoms(requested).difference(uncovered))
      }),
      { numRuns: 500 },
    )
  })

  test('stays true when the owner has more rules, and rules cover themselves', () => {
    fc.assert(
      fc.property(aRules, aRules, aRules, (owner, more, requested) => {
        expect(covers(requested, requested).covered).toBe(true)
        expect(covers([...owner, ...covers(owner, requested).uncovered], requested).covered).toBe(true)
        if (covers(owner, requested).covered) expect(covers([...more, ...owner], requested).covered).toBe(true)
      }),
    )
  })
})

describe('the cost of covers', () => {
  test('grows with the number of rules, not with the product of the two numbers', () => {
    const many = (count: number, salt: number): Rule[] =>
      Array.from({ length: count }, (_, n) => ({
        apiGroups: [`g${(n * 7 + salt) % 40}.example`, 'apps'],
        resources: [`r${(n * 13) % 300}`, `r${(n * 17 + salt) % 300}/status`, 'pods'],
        verbs: ['get', 'list', 'watch', n % 3 ? 'patch' : 'delete'],
        ...(n % 4 === 0 ? { resourceNames: [`n${n % 50}`, `m${n % 20}`] } : {}),
      }))
    const between = (salt: number) => (count: number) => {
      const [owner, requested] = [many(count, 0), many(count, salt)]
      return () => covers(owner, requested).covered
    }
    expect([between(3)(1000)(), between(0)(1000)()]).toEqual([false, true])
    expect(growthOf(250, between(3))).toBeLessThan(5)
    expect(growthOf(250, between(0))).toBeLessThan(5)
  })

  test('stays in proportion for the widest rules that may be requested', () => {
    const ofWidth = (width: number) => {
      const values = (prefix: string) => Array.from({ length: width }, (_, n) => `${prefix}${n}`)
      const wide = { apiGroups: values('g'), resources: values('r'), verbs: values('v'), resourceNames: values('n') }
      const owner = Array.from({ length: 32 }, (_, n) => ({
        apiGroups: wide.apiGroups.filter((_, i) => (i * (n + 3)) % 5 !== 0),
        resources: wide.resources.filter((_, i) => (i * (n + 5)) % 7 !== 1),
        verbs: wide.verbs.filter((_, i) => (i + n) % 11 !== 2),
        resourceNames: wide.resourceNames.filter((_, i) => (i * (n + 7)) % 13 !== 3),
      }))
      return () => covers(owner, [wide])
    }
    expect(growthOf(16, ofWidth)).toBeLessThan(5)
  })
})
