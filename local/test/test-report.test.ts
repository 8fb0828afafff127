import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failuresOf, slowestFiles, tallyOf } from './test-report.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-report-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function report(content: object): string {
  const file = join(directory, 'report.json')
  writeFileSync(file, JSON.stringify(content))
  return file
}

const vitest = { numPassedTests: 7, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 }
const playwright = (stats: object) => ({ stats: { expected: 5, unexpected: 0, flaky: 0, skipped: 0, ...stats } })

describe('tallyOf', () => {
  test('counts the tests that passed', () => {
    expect(tallyOf('vitest', report(vitest), 0)).toEqual({ passed: 7, failed: 0 })
    expect(tallyOf('playwright', report(playwright({})), 0)).toEqual({ passed: 5, failed: 0 })
  })
  test('counts skipped tests, todo tests and tests that passed only on a retry as failed', () => {
    const skipped = { ...vitest, numPendingTests: 2, numTodoTests: 1 }
    expect(tallyOf('vitest', report(skipped), 0)).toEqual({ passed: 7, failed: 3 })
    expect(tallyOf('playwright', report(playwright({ flaky: 1, skipped: 2 })), 0)).toEqual({ passed: 5, failed: 3 })
  })
  test('counts a runner that failed without a failed test, or wrote no report, as one failure', () => {
    expect(tallyOf('vitest', report(vitest), 1)).toEqual({ passed: 7, failed: 1 })
    expect(tallyOf('playwright', join(directory, 'none.json'), 1)).toEqual({ passed: 0, failed: 1 })
  })
})

test('the slowest files are listed with the longest first', () => {
  const files = [
    { name: '/a.test.ts', startTime: 1_000, endTime: 3_000 },
    { name: '/b.test.ts', startTime: 1_500, endTime: 9_500 },
    { name: '/c.test.ts', startTime: 2_000, endTime: 6_000 },
  ]
  expect(slowestFiles(report({ testResults: files }), 2)).toEqual([
    { name: '/b.test.ts', took: 8_000 },
    { name: '/c.test.ts', took: 4_000 },
  ])
  expect(slowestFiles(join(directory, 'none.json'))).toEqual([])
})

test('failed tests are listed by file and name with their first message, and so are files that cannot be loaded', () => {
  const results = [
    {
      name: '/a.test.ts',
      status: 'failed',
      assertionResults: [
        { status: 'passed', fullName: 'adds' },
        { status: 'failed', fullName: 'divides', failureMessages: ['expected 1 to be 2', 'second'] },
      ],
    },
    { name: '/b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
    { name: '/c.test.ts', status: 'passed', assertionResults: [{ status: 'passed', fullName: 'multiplies' }] },
  ]
  expect(failuresOf('vitest', report({ testResults: results }))).toEqual([
    { file: '/a.test.ts', test: 'divides', message: 'expected 1 to be 2' },
    { file: '/b.test.ts', test: '', message: 'no such module' },
  ])
  const spec = (title: string, ok: boolean, message: string) => ({
    title,
    file: 'story.spec.ts',
    ok,
    tests: [{ results: [{ error: { message } }] }],
  })
  const suites = [{ specs: [spec('signs in', true, '')], suites: [{ specs: [spec('signs out', false, 'timed out')] }] }]
  expect(failuresOf('playwright', report({ suites }))).toEqual([
    { file: 'e2e/story.spec.ts', test: 'signs out', message: 'timed out' },
  ])
  expect(failuresOf('vitest', join(directory, 'none.json'))).toEqual([])
})
