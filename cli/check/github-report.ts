import { objectInWords } from '#lib/core/check/finding'
import { annotationLines } from '../annotations.ts'
import { type CheckResult, isFailing } from './result.ts'

/** Everything that makes the check fail, at its place. */
export function githubReport(result: CheckResult): Iterable<string> {
  const failing = result.findings
    .filter((finding) => isFailing(result, finding))
    .map(({ file, places: [{ line, column }], object, id, severity, sentence }) => {
      return { file, line, column, title: `${severity}: ${id}`, message: `${objectInWords(object)}: ${sentence}` }
    })
  const notRead = [...result.unreadable, ...(result.isStrict ? result.notRead : [])].map(
    ({ file, line, column, message }) => ({ file, line, column, title: 'not checked', message }),
  )
  return [annotationLines([...failing, ...notRead])]
}
