import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { allows } from './allows.ts'
import { anAttributes, aRule, aRules } from './arbitrary.testing.ts'
import type { Attributes } from './attributes.ts'
import { breakdown } from './breakdown.ts'
import { covers } from './covers.ts'

// Thousands of random cases: seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 })

const asked = (changes: Partial<Attributes>): Attributes => ({
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
    ['the question about every verb', rule({ verbs: ['get', 'list'] }), { verb: '*' }, false],
    ['another group', rule(), { group: 'apps' }, false],
    ['every group', rule({ apiGroups: ['*'] }), { group: 'apps' }, true],
    ['no group at all', rule({ apiGroups: [] }), {}, false],
    ['a subresource of a resource', rule(), { subresource: 'log' }, false],
    ['a subresource by name', rule({ resources: ['pods/log'] }), { subresource: 'log' }, true],
    ['the resource of a subresource', rule({ resources: ['pods/log'] }), {}, false],
    ['a subresource written into the resource', rule({ resources: ['pods/log'] }), { resource: 'pods/log' }, true],
    ['everything covers subresources', rule({ resources: ['*'] }), { subresource: 'log' }, true],
    ['*/log of anything', rule({ resources: ['*/log'] }), { subresource: 'log' }, true],
    ['*/log without a subresource', rule({ resources: ['*/log'] }), {}, false],
    ['*/log for one written into the resource', rule({ resources: ['*/log'] }), { resource: 'pods/log' }, false],
    ['pods/* is literal', rule({ resources: ['pods/*'] }), { subresource: 'log' }, false],
    ['pods/* asked literally', rule({ resources: ['pods/*'] }), { subresource: '*' }, true],
    ['*/* is no wildcard', rule({ resources: ['*/*'] }), { subresource: 'log' }, false],
    ['a name among the names', rule({ resourceNames: ['a', 'b'] }), { name: 'b' }, true],
    ['a name not among them', rule({ resourceNames: ['a'] }), { name: 'b' }, false],
    ['no name where names are needed', rule({ resourceNames: ['a'] }), {}, false],
    ['any name where none is needed', rule({ resourceNames: [] }), { name: 'b' }, true],
    ['the literal name *', rule({ resourceNames: ['*'] }), { name: 'b' }, false],
    ['the empty name is no name', rule({ resourceNames: [''] }), {}, true],
    ['the empty name is not every name', rule({ resourceNames: [''] }), { name: 'b' }, false],
  ]
  test.each(table)('%s', (_, given, question, expected) => {
    expect(allows([given], asked(question))).toBe(expected)
  })

  test('one rule must allow the whole question', () => {
    const rules = [rule({ verbs: ['get'] }), rule({ verbs: ['list'], resources: ['secrets'] })]
    expect(allows(rules, asked({ verb: 'list' }))).toBe(false)
    expect(allows(rules, asked({ resource: 'secrets' }))).toBe(false)
    expect(allows([], asked({}))).toBe(false)
  })
})

test('what rules cover, they allow: no question is allowed by the covered and not by the owner', () => {
  let met = 0
  fc.assert(
    fc.property(aRules, aRules, anAttributes, (owner, candidates, question) => {
      const inside = candidates.filter((candidate) => covers(owner, [candidate]).covered)
      if (!allows(inside, question)) return
      met++
      expect(allows(owner, question)).toBe(true)
    }),
    { numRuns: 4000 },
  )
  // A property that never meets its case would say nothing.
  expect(met).toBeGreaterThan(20)
})

test('rules allow every question that they are broken down to', () => {
  fc.assert(
    fc.property(aRule, (given) => {
      for (const question of breakdown([given], ['payments'])) expect(allows([given], question)).toBe(true)
    }),
  )
})

test('what allows every question that rules are broken down to covers them, names of nothing apart', () => {
  // The name '' asks the authorizer about no object, which rules for every object answer too.
  const named = aRules.map((rules) =>
    rules.map((given) => ({ ...given, resourceNames: given.resourceNames?.filter(Boolean) })),
  )
  fc.assert(
    fc.property(named, named, (owner, candidate) => {
      const isAllowed = breakdown(candidate, ['payments']).every((question) => allows(owner, question))
      if (covers(owner, candidate).covered) expect(isAllowed).toBe(true)
    }),
    { numRuns: 1000 },
  )
})
