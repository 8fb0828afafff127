// The report for programs. Its shape is in docs/check.md; what is added later is added, nothing changes its meaning.
import { asciiJson } from '../terminal.ts'
import { type CheckResult, exitCodeOf, isFailing } from './result.ts'

export function jsonReport(result: CheckResult): string {
  const { findings, unreadable, objects, documents, failOn, neverJudged, mended } = result
  const count = (severity: string) =>
    findings.filter((finding) => finding.severity === severity && !finding.accepted).length
  return asciiJson({
    version: 1,
    exitCode: exitCodeOf(result),
    failOn,
    summary: {
      documents,
      objects: objects.length,
      high: count('high'),
      medium: count('medium'),
      low: count('low'),
      accepted: findings.filter(({ accepted }) => accepted).length,
      unreadable: unreadable.length,
      mended: mended.length,
    },
    findings: findings.map(({ places, ...finding }) => ({
      ...finding,
      places: places.map(({ line, column, endColumn }) => ({ line, column, endColumn })),
      fails: isFailing(result, { places, ...finding }),
    })),
    unreadable,
    neverJudged,
  })
}
