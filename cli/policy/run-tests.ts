// Runs the test cases of a policy.
import type { CaseProblem, Place } from '#lib/core/guardrails/cases/policy-case-file'
import { type CaseResult, runPolicyCases } from '#lib/core/guardrails/cases/policy-test'
import { readCases, testFilesOf } from './case-files.ts'
import { loadPolicy } from './load-policy.ts'

export type TestedCase = CaseResult & { file: string; place: Place }

export type PolicyTests = {
  policy: string
  files: string[]
  cases: TestedCase[]
  problems: (CaseProblem & { file: string })[]
  /** Guardrails that no case matches. */
  untested: string[]
}

/**
 * @param named test files; if empty, those next to the policy
 * @throws UsageError if the policy is invalid
 */
export async function runTests(policy: string, named: readonly string[]): Promise<PolicyTests> {
  const { compiled, section, configuration } = await loadPolicy(policy)
  const files = named.length > 0 ? [...named] : await testFilesOf(policy)
  const tests: PolicyTests = { policy, files, cases: [], problems: [], untested: [] }
  for (const file of files) {
    const read = await readCases(file)
    if (!read.ok) {
      tests.problems.push(...read.problems.map((problem) => ({ file, ...problem })))
      continue
    }
    const results = runPolicyCases(compiled, read.cases, section.risks, configuration)
    tests.cases.push(
      ...results.map((result, index) => ({ ...result, file, place: read.places[index] ?? { line: 1, column: 1 } })),
    )
  }
  const matched = new Set(tests.cases.flatMap(({ judgement }) => judgement.matched))
  // The guardrails of the pack have test cases in Postern itself.
  tests.untested = section.guardrails.map(({ name }) => name).filter((name) => !matched.has(name))
  return tests
}
