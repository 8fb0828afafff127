import { describe, expect, test } from 'vitest'
import { runPolicyCases } from '#lib/core/guardrails/cases/policy-test'
import { compileGuardrails } from '#lib/core/guardrails/configured/compile'
import { policyCaseSchema } from './case.ts'
import { needsSettings, pack, packGuardrails, packSchema } from './pack.ts'

const off = Object.fromEntries(pack.map(({ name }) => [name, false]))
const compiledWith = (switches: object) => {
  const packed = packGuardrails(packSchema.parse(switches))
  const result = compileGuardrails(packed.map(({ guardrail }) => guardrail))
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.compiled
}

describe.each(pack)('$name', (member) => {
  const cases = member.cases.map((value) => policyCaseSchema.parse(value))
  const alone = compiledWith({ ...off, [member.name]: member.example })

  test.each(cases)(`${member.name} judges as its case says: $name`, (policyCase) => {
    expect(runPolicyCases(alone, [policyCase])[0]?.differences).toEqual([])
  })

  test(`${member.name} has a case in which it matches and one in which it does not`, () => {
    const judgements = runPolicyCases(alone, cases).map(({ judgement }) => judgement.matched.length > 0)
    expect(new Set(judgements)).toEqual(new Set([true, false]))
  })

  test(`${member.name} has no guardrails when it is off`, () => {
    expect(compiledWith(off)).toEqual([])
  })

  test(`the guardrails of ${member.name} begin with its name`, () => {
    for (const { guardrail } of alone) expect(guardrail.name.startsWith(member.name)).toBe(true)
  })

  test(`a case of ${member.name} fails if one of its expressions is negated`, () => {
    for (const item of alone.filter(({ when }) => when)) {
      const negated = alone.map((other) => {
        const { when } = other
        return other === item && when
          ? { ...other, when: { ...when, run: (context: never) => !when.run(context) } }
          : other
      })
      expect(runPolicyCases(negated as typeof alone, cases).some(({ passed }) => !passed)).toBe(true)
    }
  })
})

describe('the pack', () => {
  test('only members that are safe and complete without settings are on by default', () => {
    const names = packGuardrails().map(({ name }) => name)
    expect(names).toEqual(['only-namespaced', 'no-escalation', 'no-service-accounts', 'protected-namespaces'])
    for (const member of pack) if (member.isDefault) expect(needsSettings(member)).toBe(false)
  })

  test('a member can only be set to true if it has no required settings, and unknown members are refused', () => {
    expect(packSchema.safeParse({ 'no-wildcards-in-prod': true }).success).toBe(true)
    expect(packSchema.safeParse({ 'delete-only-for-operators': true }).success).toBe(false)
    expect(packSchema.safeParse({ 'delete-only-for-operators': { groups: ['sre'] } }).success).toBe(true)
    expect(packSchema.safeParse({ 'no-wildcards': true }).success).toBe(false)
  })

  test('quotes in the name of a group cannot end the string in the expression', () => {
    const groups = ["o'brien\"s \\ ']) || true || ('x' in ['"]
    expect(compiledWith({ ...off, 'delete-only-for-operators': { groups } })).toHaveLength(1)
  })
})
