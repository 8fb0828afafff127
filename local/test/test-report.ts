import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'

export type Tally = { passed: number; failed: number }

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number().default(0),
})

const vitestTimes = z.object({
  testResults: z.array(z.object({ name: z.string(), startTime: z.number(), endTime: z.number() })),
})

const playwrightReport = z.object({
  stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number(), skipped: z.number() }),
})

/**
 * Counts the tests in a runner's JSON report. A test that was skipped, or that passed only on a retry, counts as failed. A
 * runner that failed without a failed test (a file that can't be loaded, an error outside tests, no report) counts as one
 * failure.
 */
export function tallyOf(runner: 'vitest' | 'playwright', file: string, exitCode: number): Tally {
  const tally = existsSync(file) ? read(runner, JSON.parse(readFileSync(file, 'utf8'))) : { passed: 0, failed: 0 }
  return exitCode !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally
}

function read(runner: 'vitest' | 'playwright', report: unknown): Tally {
  if (runner === 'vitest') {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = vitestReport.parse(report)
    return { passed: numPassedTests, failed: numFailedTests + numPendingTests + numTodoTests }
  }
  const { expected, unexpected, flaky, skipped } = playwrightReport.parse(report).stats
  return { passed: expected, failed: unexpected + flaky + skipped }
}

const vitestFailures = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()).default([]) }),
      ),
    }),
  ),
})

type Suite = { specs?: Spec[]; suites?: Suite[] }
type Spec = z.infer<typeof playwrightSpec>
const playwrightSpec = z.object({
  title: z.string(),
  file: z.string(),
  ok: z.boolean(),
  tests: z.array(
    z.object({ results: z.array(z.object({ error: z.object({ message: z.string().default('') }).optional() })) }),
  ),
})
const playwrightSuite: z.ZodType<Suite> = z.lazy(() =>
  z.object({ specs: z.array(playwrightSpec).optional(), suites: z.array(playwrightSuite).optional() }),
)
const playwrightSuites = z.object({ suites: z.array(playwrightSuite).default([]) })

export type Failure = { file: string; test: string; message: string }

/** The tests that failed, and the files that could not be loaded (`test` is empty then), with the first message of each. */
export function failuresOf(runner: 'vitest' | 'playwright', file: string): Failure[] {
  if (!existsSync(file)) return []
  const report: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return runner === 'vitest' ? vitestFailuresOf(report) : playwrightFailuresOf(report)
}

function vitestFailuresOf(report: unknown): Failure[] {
  return vitestFailures.parse(report).testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status !== 'passed')
    if (failed.length === 0 && status === 'failed') return [{ file: name, test: '', message }]
    return failed.map((test) => ({ file: name, test: test.fullName, message: test.failureMessages[0] ?? test.status }))
  })
}

function playwrightFailuresOf(report: unknown): Failure[] {
  const specsOf = (suite: Suite): Spec[] => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)]
  const failed = playwrightSuites
    .parse(report)
    .suites.flatMap(specsOf)
    .filter((spec) => !spec.ok)
  return failed.map(({ file, title, tests }) => {
    const errors = tests.flatMap(({ results }) => results.flatMap(({ error }) => error?.message ?? []))
    return { file: `e2e/${file}`, test: title, message: errors[0] ?? '' }
  })
}

/** The test files that took longest, the longest first, with their milliseconds. */
export function slowestFiles(file: string, count = 10): Array<{ name: string; took: number }> {
  if (!existsSync(file)) return []
  const { testResults } = vitestTimes.parse(JSON.parse(readFileSync(file, 'utf8')))
  const times = testResults.map(({ name, startTime, endTime }) => ({ name, took: endTime - startTime }))
  return times.sort((one, other) => other.took - one.took).slice(0, count)
}
