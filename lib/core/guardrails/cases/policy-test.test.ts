import { describe, expect, test } from 'vitest'
import { ownersSchema } from '#lib/core/access/routing'
import { type CompiledGuardrail, compileGuardrails } from '#lib/core/guardrails/configured/compile'
import { guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { policyCaseSchema } from '#lib/core/guardrails/pack/case'
import { parsePolicyCases } from './policy-case-file.ts'
import { runPolicyCases } from './policy-test.ts'

const guardrails = [
  { name: 'no-delete', description: 'No.', when: "rules.exists(r, 'delete' in r.verbs)", effect: 'deny' },
  { name: 'short', description: 'Short.', effect: 'limit', limit: { maxDuration: 'PT1H' } },
  {
    name: 'high',
    description: 'Two.',
    when: "risks.exists(r, r.severity == 'high')",
    effect: 'require',
    require: { approvers: 2 },
  },
].map((guardrail) => guardrailSchema.parse(guardrail))
const run = (...cases: object[]) => {
  const result = compileGuardrails(guardrails)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return runPolicyCases(
    result.compiled,
    cases.map((value) => policyCaseSchema.parse({ name: 'case', ...value })),
  )
}
const deleting = { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['delete'] }] }

describe('a case', () => {
  test('a case passes if the verdict is as expected, and needs to set only what it is about', () => {
    expect(run({}, { given: deleting, expect: { violations: ['no-delete'] } }).map(({ passed }) => passed)).toEqual([
      true,
      true,
    ])
  })

  test('a case fails with the names of unexpected violations', () => {
    expect(run({ given: deleting })[0]).toMatchObject({
      passed: false,
      differences: [{ what: 'violations', expected: 'none', found: 'no-delete' }],
    })
  })

  test('a case fails with the names of missing violations', () => {
    expect(run({ expect: { violations: ['no-delete'] } })[0]?.differences).toEqual([
      { what: 'violations', expected: 'no-delete', found: 'none' },
    ])
  })

  test('a case compares warnings, requirements and limits', () => {
    const [result] = run({
      expect: { maxDuration: 'PT2H', approvers: 1, until: '2026-11-23T17:00:00Z', warnings: ['x'] },
    })
    expect(result?.differences.map(({ what }) => what)).toEqual(['warnings', 'approvers', 'maxDuration', 'until'])
    expect(run({ expect: { maxDuration: 'PT1H', approvers: 0 } })[0]?.passed).toBe(true)
  })

  test('a case without risks gets those of its rules', () => {
    const rules = [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['*'] }]
    expect(run({ given: { rules }, expect: { approvers: 2 } })[0]?.differences).toEqual([])
  })

  test('a case with an unknown key is refused', () => {
    expect(policyCaseSchema.safeParse({ name: 'x', given: { rulez: [] } }).success).toBe(false)
    expect(policyCaseSchema.safeParse({ name: 'x', expect: { violation: [] } }).success).toBe(false)
  })
})

describe('a file of cases', () => {
  test('a file of cases is a YAML list', () => {
    const file = parsePolicyCases(`
- name: a developer deletes
  given:
    namespaces: { payments: { team: payments } }
    rules:
      - { apiGroups: [""], resources: [pods], verbs: [delete] }
  expect: { violations: [no-delete] }
- name: nothing
`)
    if (!file.ok) throw new Error(JSON.stringify(file.problems))
    const result = compileGuardrails(guardrails)
    if (!result.ok) throw new Error(JSON.stringify(result.problems))
    expect(runPolicyCases(result.compiled, file.cases).map(({ passed }) => passed)).toEqual([true, true])
  })

  test.each([
    ['- name: a\n  given:\n    duration: soon\n', { line: 3, column: 15, path: '0.given.duration' }],
    ['- name: a\n  expekt: {}\n', { line: 1, column: 3, path: '0' }],
    ['- name: a\n  name: b\n', { line: 2, column: 3 }],
    ['[]', { line: 1, message: 'must have at least one case' }],
    ['cases: []\n', { line: 1 }],
    [
      'a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c]',
      { line: 1 },
    ],
  ])('the file %j is refused with the place of its problem', (text, problem) => {
    expect(parsePolicyCases(text)).toMatchObject({ ok: false, problems: [problem] })
  })
})

test('a case says whether the condition of an entitlement approves automatically', () => {
  const entitlements = [{ name: 'restart', automatic: { when: "'payments' in requester.onCall" } }]
  const read = parsePolicyCases(`
- { name: on call, given: { entitlement: restart, onCall: [payments] }, expect: { automatic: true } }
- { name: not on call, given: { entitlement: restart }, expect: { automatic: false } }
- { name: wrong, given: { entitlement: restart }, expect: { automatic: true } }
`)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const results = runPolicyCases([], read.cases, [], { entitlements })
  expect(results.map(({ passed }) => passed)).toEqual([true, true, false])
  expect(results[2]?.differences).toEqual([{ what: 'automatic', expected: 'true', found: 'false' }])
})

test('a case of a whole postern.yaml knows owners and managers, and one of guardrails alone sees what is written', () => {
  const { compiled } = compileGuardrails([
    guardrailSchema.parse({
      ...{ name: 'owner', description: 'An owner and the manager.', effect: 'require' },
      require: { approvals: [{ owners: true, groups: ['sre'] }, { manager: true }] },
    }),
  ]) as { compiled: CompiledGuardrail[] }
  const read = parsePolicyCases(`
- name: routed
  given: { namespaces: [shop], email: mina@example.com }
  expect: { approvals: [{ groups: [sre], people: [priya@example.com] }, { people: [olga@example.com] }] }
- name: written
  given: { namespaces: [shop], email: mina@example.com }
  expect: { approvals: [{ owners: true, groups: [sre] }, { manager: true }] }
- name: no manager
  given: { namespaces: [shop] }
  expect: { violations: [owner] }
`)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const policy = {
    entitlements: [],
    owners: [ownersSchema.parse({ namespaces: ['shop'], people: ['priya@example.com'] })],
    managers: [{ person: 'mina@example.com', manager: 'olga@example.com' }],
  }
  const passed = (surroundings: typeof policy | null) =>
    runPolicyCases(compiled, read.cases, [], surroundings).map((result) => result.passed)
  expect(passed(policy)).toEqual([true, false, true])
  expect(passed(null)).toEqual([false, true, false])
})
