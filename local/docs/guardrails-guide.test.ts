import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parsePolicyCases } from '#lib/core/guardrails/cases/policy-case-file'
import { runPolicyCases } from '#lib/core/guardrails/cases/policy-test'
import { guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { policyCaseSchema } from '#lib/core/guardrails/pack/case'
import { pack, packGuardrails, packSchema } from '#lib/core/guardrails/pack/pack'
import { compilePolicy, guardrailsSection } from '#lib/core/guardrails/section'
import { guardrailExamples } from './guardrail-examples.ts'
import { guardrailsDocument } from './guardrails-guide.ts'

test('docs/guardrails.md says what the code does', async () => {
  // To update it: npx vitest run --project unit local/docs -u
  const file = fileURLToPath(new URL('../../docs/guardrails.md', import.meta.url))
  await expect(guardrailsDocument()).toMatchFileSnapshot(file)
})

test('the example of the guide is a valid policy, and its test case passes', () => {
  const blocks = [...guardrailsDocument().matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  const compiled = compilePolicy(guardrailsSection.parse(parse(blocks[0] ?? '')), new Map())
  const cases = parsePolicyCases(blocks[1] ?? '')
  if (!compiled.ok || !cases.ok) throw new Error(JSON.stringify([compiled, cases]))
  expect(runPolicyCases(compiled.compiled, cases.cases).map(({ differences }) => differences)).toEqual([[]])
})

describe('an example of the guide', () => {
  test.each(guardrailExamples)('the cases of "$title" pass', ({ guardrails, cases, calendars = {} }) => {
    const compiled = compilePolicy(guardrailsSection.parse({ guardrails }), new Map(Object.entries(calendars)))
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    const parsed = cases.map((one) => policyCaseSchema.parse(one))
    expect(runPolicyCases(compiled.compiled, parsed).map(({ name, differences }) => [name, differences])).toEqual(
      parsed.map(({ name }) => [name, []]),
    )
  })
})

test('the YAML that the guide shows for each member of the pack is equivalent to the member', () => {
  for (const { name, example } of pack) {
    const off = Object.fromEntries(pack.map((member) => [member.name, false]))
    const meant = packGuardrails(packSchema.parse({ ...off, [name]: example })).map(({ guardrail }) => guardrail)
    const [, after = ''] = guardrailsDocument().split(`### \`${name}\`: `)
    const [, text = ''] = /Equivalent to:\n\n```yaml\n([\s\S]*?)```/.exec(after) ?? []
    expect(guardrailSchema.array().parse(parse(text))).toEqual(meant)
  }
})
