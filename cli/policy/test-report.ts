// What came of the cases, for people and for CI servers.
import { visible } from '#lib/core/check/source'
import { type JunitCase, type JunitSuite, junitXml } from '../junit.ts'
import { type Paint, plural } from '../terminal.ts'
import type { PolicyTests, TestedCase } from './run-tests.ts'

/** 2: not every case could be read. 1: one failed. */
export function exitCodeOfTests({ cases, problems }: PolicyTests): 0 | 1 | 2 {
  if (problems.length > 0) return 2
  return cases.every(({ passed }) => passed) ? 0 : 1
}

/** What the guardrails said that should have been silent: whoever wrote the case wants to know why. */
function saidBeside({ differences, judgement }: TestedCase): string[] {
  if (!differences.some(({ what }) => what === 'violations')) return []
  return judgement.violations.map(({ code, sentence }) => `${code} said: ${sentence}`)
}

const differencesInText = (tested: TestedCase): string[] => [
  ...tested.differences.map(({ what, expected, found }) => `${what}: expected ${expected}, seen ${found}`),
  ...saidBeside(tested),
]

function caseInText(tested: TestedCase, paint: Paint): string {
  const { file, place, name } = tested
  const lines = differencesInText(tested).map((line) => `    ${visible(line)}`)
  return [`${paint('red', 'failed')}: ${visible(file)}:${place.line}:${place.column}: ${visible(name)}`, ...lines].join(
    '\n',
  )
}

function warnings({ files, untried, policy }: PolicyTests): string[] {
  if (files.length === 0) {
    const beside = policy.replace(/\.ya?ml$/, '.test.yaml')
    return [`warning: ${visible(policy)} has no cases: write some into ${visible(beside)}`]
  }
  if (untried.length === 0) return []
  return [
    `warning: no case makes ${untried.length === 1 ? 'this guardrail' : 'these guardrails'} come in: ${untried.join(', ')}`,
  ]
}

export function testsInText(tests: PolicyTests, paint: Paint): string {
  const { cases, problems, files } = tests
  const failed = cases.filter(({ passed }) => !passed)
  const lines = [
    ...failed.map((tested) => `${caseInText(tested, paint)}\n`),
    ...problems.map(({ file, line, column, path, message }) => {
      const where = `${visible(file)}:${line}:${column}`
      return `${paint('red', 'unreadable')}: ${where}: ${visible(path ? `${path} ${message}` : message)}`
    }),
    ...warnings(tests).map((line) => paint('yellow', line)),
    paint(
      'bold',
      `${plural(cases.length, 'case')} in ${plural(files.length, 'file')}: ${cases.length - failed.length} passed, ${failed.length} failed.`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

export function testsInJunit({ cases, problems }: PolicyTests): string {
  const suites = new Map<string, JunitCase[]>()
  const add = (file: string, testCase: JunitCase) => suites.set(file, [...(suites.get(file) ?? []), testCase])
  for (const tested of cases) {
    const lines = differencesInText(tested)
    const text = [`${tested.file}:${tested.place.line}:${tested.place.column}`, ...lines].join('\n')
    const problem = tested.passed ? null : { kind: 'failure' as const, message: lines[0] ?? '', text }
    add(tested.file, { name: tested.name, problem })
  }
  for (const { file, line, message } of problems) {
    add(file, { name: `line ${line}`, problem: { kind: 'error', message, text: message } })
  }
  return junitXml([...suites].map(([file, found]): JunitSuite => ({ name: file, file, cases: found })))
}
