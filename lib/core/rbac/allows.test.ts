import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { allows } from './allows.ts'
import { anAttributes, aRule, aRules } from './arbitrary.testing.ts'
import type { Attributes } from './attributes.ts'
import { breakdown } from './breakdown.ts'
import { covers } from './covers.ts'
import { hasNoName, neverAllowed } from './nameless-verbs.ts'

const question = (changes: Partial<Attributes>): Attributes => ({
  namespace: 'payments',
  verb: 'get',
  group: '',
  resource: 'pods',
  subresource: '',
  name: '',
  ...changes,
})
const rule = (changes: Partial<Rule> = {}): Rule => ({
  apiGroups: [''],
  resources: ['pods'],
  verbs: ['get'],
  ...changes,
})

describe('allows, as the API server’s authorizer answers', () => {
  const table: [string, Rule, Partial<Attributes>, boolean][] = [
    ['the same', rule(), {}, true],
    ['another verb', rule(), { verb: 'list' }, false],
    ['another case', rule(), { verb: 'GET' }, false],
    ['every verb', rule({ verbs: ['*'] }), { verb: 'impersonate' }, true],
    ['a question about every verb', rule({ verbs: ['get', 'list'] }), { verb: '*' }, false],
    ['another group', rule(), { group: 'apps' }, false],
    ['every group', rule({ apiGroups: ['*'] }), { group: 'apps' }, true],
    ['no group', rule({ apiGroups: [] }), {}, false],
    ['a subresource of a resource', rule(), { subresource: 'log' }, false],
    ['a subresource by name', rule({ resources: ['pods/log'] }), { subresource: 'log' }, true],
    ['the resource of a subresource', rule({ resources: ['pods/log'] }), {}, false],
    ['a subresource written into the resource', rule({ resources: ['pods/log'] }), { resource: 'pods/log' }, true],
    ['everything covers subresources', rule({ resources: ['*'] }), { subresource: 'log' }, true],
    ['*/log of anything', rule({ resources: ['*/log'] }), { subresource: 'log' }, true],
    ['*/log without a subresource', rule({ resources: ['*/log'] }), {}, false],
    ['*/log for one written into the resource', rule({ resources: ['*/log'] }), { resource: 'pods/log' }, false],
    ['pods/* is literal', rule({ resources: ['pods/*'] }), { subresource: 'log' }, false],
    ['pods/* for the literal subresource *', rule({ resources: ['pods/*'] }), { subresource: '*' }, true],
    ['*/* is not a wildcard', rule({ resources: ['*/*'] }), { subresource: 'log' }, false],
    ['a name among the names', rule({ resourceNames: ['a', 'b'] }), { name: 'b' }, true],
    ['a name not among them', rule({ resourceNames: ['a'] }), { name: 'b' }, false],
    ['no name where the rule has names', rule({ resourceNames: ['a'] }), {}, false],
    ['any name where the rule has no names', rule({ resourceNames: [] }), { name: 'b' }, true],
    ['the literal name *', rule({ resourceNames: ['*'] }), { name: 'b' }, false],
    ['the empty name matches a question without a name', rule({ resourceNames: [''] }), {}, true],
    ['the empty name is not every name', rule({ resourceNames: [''] }), { name: 'b' }, false],
  ]
  test.each(table)('%s', (_, given, changes, expected) => {
    expect(allows([given], question(changes))).toBe(expected)
  })

  test('a question is allowed only if a single rule allows all of it', () => {
    const rules = [rule({ verbs: ['get'] }), rule({ verbs: ['list'], resources: ['secrets'] })]
    expect(allows(rules, question({ verb: 'list' }))).toBe(false)
    expect(allows(rules, question({ resource: 'secrets' }))).toBe(false)
    expect(allows([], question({}))).toBe(false)
  })
})

test('every question that covered rules allow is allowed by the owner rules too', () => {
  let allowed = 0
  fc.assert(
    fc.property(aRules, aRules, anAttributes, (owner, candidates, question) => {
      const inside = candidates.filter((candidate) => covers(owner, [candidate]).covered)
      if (!allows(inside, question)) return
      allowed++
      expect(allows(owner, question)).toBe(true)
    }),
    { numRuns: 4000 },
  )
  // Without any allowed question the property would hold for nothing.
  expect(allowed).toBeGreaterThan(20)
})

/** Rules that the API server never allows in part: see nameless-verbs.ts. */
const isEffective = (rule: Rule) => neverAllowed(rule).every((what) => what === '*')

test('rules allow every question of their own breakdown, unless the API server never allows it', () => {
  fc.assert(
    fc.property(aRule, (given) => {
      for (const question of breakdown([given], ['payments'])) {
        const isNever = !isEffective(given) && hasNoName(question.verb, question.subresource)
        expect(allows([given], question)).toBe(!isNever)
      }
    }),
  )
})

test('rules that cover others allow every question of their breakdown', () => {
  // The name '' is a question about no object, which rules without names allow as well.
  const named = aRules.map((rules) =>
    rules.map((given) => ({ ...given, resourceNames: given.resourceNames?.filter(Boolean) })).filter(isEffective),
  )
  fc.assert(
    fc.property(named, named, (owner, candidate) => {
      const isAllowed = breakdown(candidate, ['payments']).every((question) => allows(owner, question))
      if (covers(owner, candidate).covered) expect(isAllowed).toBe(true)
    }),
    { numRuns: 1000 },
  )
})
