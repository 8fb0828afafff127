import { describe, expect, it } from 'vitest'
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

  it.each(cases)('$name', (policyCase) => {
    expect(runPolicyCases(alone, [policyCase])[0]?.differences).toEqual([])
  })

  it('has a case that it changes and one that it does not', () => {
    const judgements = runPolicyCases(alone, cases).map(({ judgement }) => judgement.matched.length > 0)
    expect(new Set(judgements)).toEqual(new Set([true, false]))
  })

  it('is off when it is switched off', () => {
    expect(compiledWith(off)).toEqual([])
  })

  it('names its guardrails after itself', () => {
    for (const { guardrail } of alone) expect(guardrail.name.startsWith(member.name)).toBe(true)
  })

  it('every part of its expressions is needed: with the answer turned round, a case fails', () => {
    for (const item of alone.filter(({ when }) => when)) {
      const turned = alone.map((other) => {
        const { when } = other
        return other === item && when
          ? { ...other, when: { ...when, run: (context: never) => !when.run(context) } }
          : other
      })
      expect(runPolicyCases(turned as typeof alone, cases).some(({ passed }) => !passed)).toBe(true)
    }
  })
})

describe('the pack', () => {
  it('is on where it is safe without settings, and only there', () => {
    const names = packGuardrails().map(({ name }) => name)
    expect(names).toEqual(['only-namespaced', 'no-escalation', 'no-service-accounts', 'protected-namespaces'])
    for (const member of pack) if (member.isDefault) expect(needsSettings(member)).toBe(false)
  })

  it('takes true only where nothing must be said, and no unknown member', () => {
    expect(packSchema.safeParse({ 'no-wildcards-in-prod': true }).success).toBe(true)
    expect(packSchema.safeParse({ 'delete-only-for-operators': true }).success).toBe(false)
    expect(packSchema.safeParse({ 'delete-only-for-operators': { groups: ['sre'] } }).success).toBe(true)
    expect(packSchema.safeParse({ 'no-wildcards': true }).success).toBe(false)
  })

  it('a group with quotes stays a text', () => {
    const groups = ["o'brien\"s \\ ']) || true || ('x' in ['"]
    expect(compiledWith({ ...off, 'delete-only-for-operators': { groups } })).toHaveLength(1)
  })
})
