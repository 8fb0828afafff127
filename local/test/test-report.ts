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

/** The test files that took longest, the longest first, with their milliseconds. */
export function slowestFiles(file: string, count = 10): Array<{ name: string; took: number }> {
  if (!existsSync(file)) return []
  const { testResults } = vitestTimes.parse(JSON.parse(readFileSync(file, 'utf8')))
  const times = testResults.map(({ name, startTime, endTime }) => ({ name, took: endTime - startTime }))
  return times.sort((one, other) => other.took - one.took).slice(0, count)
}
