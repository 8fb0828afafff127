// The reports of `postern policy test`, for people and for CI servers.
import { visible } from '#lib/core/access/visible-text'
import { annotationLines } from '../annotations.ts'
import { type JunitCase, type JunitSuite, junitXml } from '../junit.ts'
import { type Paint, plural } from '../terminal.ts'
import type { PolicyTests, TestedCase } from './run-tests.ts'

/** 2: a file could not be read. 1: a case failed. */
export function exitCodeOfTests({ cases, problems }: PolicyTests): 0 | 1 | 2 {
  if (problems.length > 0) return 2
  return cases.every(({ passed }) => passed) ? 0 : 1
}

/** The messages of the violations, which say why the case failed. */
function messagesOf({ differences, judgement }: TestedCase): string[] {
  if (!differences.some(({ what }) => what === 'violations')) return []
  return judgement.violations.map(({ code, sentence }) => `${code}: ${sentence}`)
}

const linesOf = (tested: TestedCase): string[] => [
  ...tested.differences.map(({ what, expected, found }) => `${what}: expected ${expected}, got ${found}`),
  ...messagesOf(tested),
]

function caseText(tested: TestedCase, paint: Paint): string {
  const { file, place, name } = tested
  const lines = linesOf(tested).map((line) => `    ${visible(line)}`)
  return [`${paint('red', 'failed')}: ${visible(file)}:${place.line}:${place.column}: ${visible(name)}`, ...lines].join(
    '\n',
  )
}

function warnings({ files, untested, policy }: PolicyTests): string[] {
  if (files.length === 0) {
    const testFile = policy.replace(/\.ya?ml$/, '.test.yaml')
    return [`warning: ${visible(policy)} has no test cases: add some to ${visible(testFile)}`]
  }
  return untested.length > 0 ? [`warning: not matched by any test case: ${untested.join(', ')}`] : []
}

export function testsText(tests: PolicyTests, paint: Paint): string {
  const { cases, problems, files } = tests
  const failed = cases.filter(({ passed }) => !passed)
  const lines = [
    ...failed.map((tested) => `${caseText(tested, paint)}\n`),
    ...problems.map(({ file, line, column, path, message }) => {
      const where = `${visible(file)}:${line}:${column}`
      return `${paint('red', 'error')}: ${where}: ${visible(path ? `${path} ${message}` : message)}`
    }),
    ...warnings(tests).map((line) => paint('yellow', line)),
    paint(
      'bold',
      `${plural(cases.length, 'case')} in ${plural(files.length, 'file')}: ${cases.length - failed.length} passed, ${failed.length} failed.`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

export function testsJunit({ cases, problems }: PolicyTests): string {
  const suites = new Map<string, JunitCase[]>()
  const add = (file: string, testCase: JunitCase) => suites.set(file, [...(suites.get(file) ?? []), testCase])
  for (const tested of cases) {
    const lines = linesOf(tested)
    const text = [`${tested.file}:${tested.place.line}:${tested.place.column}`, ...lines].join('\n')
    const problem = tested.passed ? null : { kind: 'failure' as const, message: lines[0] ?? '', text }
    add(tested.file, { name: tested.name, problem })
  }
  for (const { file, line, message } of problems) {
    add(file, { name: `line ${line}`, problem: { kind: 'error', message, text: message } })
  }
  return junitXml([...suites].map(([file, found]): JunitSuite => ({ name: file, file, cases: found })))
}

/** Every failed case and every problem of a file, at its place. */
export function testsGithub({ cases, problems }: PolicyTests): string {
  const failed = cases
    .filter(({ passed }) => !passed)
    .map((tested) => ({ file: tested.file, ...tested.place, title: tested.name, message: linesOf(tested).join('; ') }))
  const unreadable = problems.map(({ file, line, column, message }) => {
    return { file, line, column, title: 'not a valid test case', message }
  })
  return annotationLines([...failed, ...unreadable])
}
