// The report for CI servers: a suite for each file, and a case for each object and for each part that could not be read, or
// was not read although it may grant permissions.
import { objectInWords } from '#lib/core/check/finding'
import { type JunitCase, type JunitSuite, junitXml } from '../junit.ts'
import { plain, plural } from '../terminal.ts'
import { type CheckResult, isFailing } from './result.ts'
import { findingsText } from './text-report.ts'

export function junitReport(result: CheckResult): Iterable<string> {
  const suites = new Map<string, JunitCase[]>()
  const casesOf = (file: string) => {
    const cases = suites.get(file) ?? []
    suites.set(file, cases)
    return cases
  }
  const keyOf = (file: string, object: CheckResult['objects'][number]['object']) => `${file} ${objectInWords(object)}`
  const failing = Map.groupBy(
    result.findings.filter((finding) => isFailing(result, finding)),
    ({ file, object }) => keyOf(file, object),
  )
  for (const { file, object } of result.objects) {
    const found = failing.get(keyOf(file, object)) ?? []
    // If a file has two objects of the same name, the first one has all findings.
    failing.delete(keyOf(file, object))
    const text = findingsText(found, plain).join('\n\n')
    const message = found.length === 1 ? (found[0]?.sentence ?? '') : plural(found.length, 'finding')
    const problem = found.length ? { kind: 'failure' as const, message, text } : null
    casesOf(file).push({ name: objectInWords(object), problem })
  }
  for (const { file, line, message } of result.unreadable) {
    casesOf(file).push({
      name: line > 0 ? `line ${line}` : 'the file',
      problem: { kind: 'error', message, text: message },
    })
  }
  for (const { file, line, column, message } of result.notRead) {
    const kind = result.isStrict ? ('error' as const) : ('skipped' as const)
    casesOf(file).push({ name: `line ${line}, column ${column}`, problem: { kind, message, text: message } })
  }
  return [junitXml([...suites].map(([file, cases]): JunitSuite => ({ name: file, file, cases })))]
}
