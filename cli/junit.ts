// JUnit XML for CI servers.
import { visible } from '#lib/core/access/visible-text'

export type JunitCase = {
  name: string
  /** Null for a case that passed. `error`: the case could not be read. `skipped`: it was not read. */
  problem: { kind: 'failure' | 'error' | 'skipped'; message: string; text: string } | null
}
export type JunitSuite = { name: string; file: string; cases: readonly JunitCase[] }

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' }

/** XML 1.0 cannot represent most control characters, so `visible` shows them as code points first. */
const escapeXml = (text: string) => text.replace(/[&<>"\n]/g, (character) => entities[character] ?? character)
const attribute = (text: string) => escapeXml(visible(text))
const body = (text: string) => text.split('\n').map(attribute).join('\n')

type Kind = NonNullable<JunitCase['problem']>['kind']

const countOf = (cases: readonly JunitCase[], kind: Kind) =>
  cases.filter(({ problem }) => problem?.kind === kind).length

const countsOf = (cases: readonly JunitCase[]) =>
  `tests="${cases.length}" failures="${countOf(cases, 'failure')}" errors="${countOf(cases, 'error')}" skipped="${countOf(cases, 'skipped')}"`

function caseXml({ name, problem }: JunitCase, { file }: JunitSuite): string {
  const head = `    <testcase name="${attribute(name)}" classname="${attribute(file)}" file="${attribute(file)}"`
  if (!problem) return `${head}/>`
  const { kind, message, text } = problem
  return `${head}>\n      <${kind} message="${attribute(message)}">${body(text)}</${kind}>\n    </testcase>`
}

export function junitXml(suites: readonly JunitSuite[]): string {
  const lines = suites.flatMap((suite) => [
    `  <testsuite name="${attribute(suite.name)}" ${countsOf(suite.cases)}>`,
    ...suite.cases.map((testCase) => caseXml(testCase, suite)),
    '  </testsuite>',
  ])
  const all = suites.flatMap(({ cases }) => cases)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="postern" ${countsOf(all)}>`,
    ...lines,
    '</testsuites>',
    '',
  ].join('\n')
}
