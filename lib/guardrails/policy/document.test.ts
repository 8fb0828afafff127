import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { guardrailsDocument } from './document.ts'
import { parsePolicyCases } from './policy-case-file.ts'
import { runPolicyCases } from './policy-test.ts'
import { compilePolicy, guardrailsSection } from './section.ts'

test('docs/guardrails.md says what the code does', async () => {
  // To write it anew: npx vitest run lib/guardrails/policy -u
  const file = fileURLToPath(new URL('../../../docs/guardrails.md', import.meta.url))
  await expect(guardrailsDocument()).toMatchFileSnapshot(file)
})

test('what the guide shows as an example is a policy, and its case passes', () => {
  const blocks = [...guardrailsDocument().matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  const compiled = compilePolicy(guardrailsSection.parse(parse(blocks[0] ?? '')), new Map())
  const cases = parsePolicyCases(blocks[1] ?? '')
  if (!compiled.ok || !cases.ok) throw new Error(JSON.stringify([compiled, cases]))
  expect(runPolicyCases(compiled.compiled, cases.cases).map(({ differences }) => differences)).toEqual([[]])
})
