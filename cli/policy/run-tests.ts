// What do the cases beside a policy say about it?
import type { CaseProblem, Place } from '#lib/core/guardrails/cases/policy-case-file'
import { type CaseResult, runPolicyCases } from '#lib/core/guardrails/cases/policy-test'
import { caseFilesBeside, readCases } from './case-files.ts'
import { loadPolicy } from './load-policy.ts'

export type TestedCase = CaseResult & { file: string; place: Place }

export type PolicyTests = {
  policy: string
  files: string[]
  cases: TestedCase[]
  problems: (CaseProblem & { file: string })[]
  /** Guardrails that come in for no case: nobody has tried what they do. */
  untried: string[]
}

/**
 * Runs every case of the files, or of those beside the policy.
 * @throws UnusableFile where the policy is refused
 */
export async function runTests(policy: string, named: readonly string[]): Promise<PolicyTests> {
  const { compiled, configuration } = await loadPolicy(policy)
  const files = named.length > 0 ? [...named] : await caseFilesBeside(policy)
  const tests: PolicyTests = { policy, files, cases: [], problems: [], untried: [] }
  for (const file of files) {
    const read = await readCases(file)
    if (!read.ok) {
      tests.problems.push(...read.problems.map((problem) => ({ file, ...problem })))
      continue
    }
    const results = runPolicyCases(compiled, read.cases)
    tests.cases.push(
      ...results.map((result, index) => ({ ...result, file, place: read.places[index] ?? { line: 1, column: 1 } })),
    )
  }
  const matched = new Set(tests.cases.flatMap(({ judgement }) => judgement.matched))
  // Those of the pack are tried where Postern is made.
  tests.untried = configuration.guardrails.map(({ name }) => name).filter((name) => !matched.has(name))
  return tests
}
