// The report for programs. docs/check.md promises that keys are only added and never change their meaning.
import { asciiJsonPieces } from '../terminal.ts'
import { type CheckResult, exitCodeOf, isFailing } from './result.ts'

export function jsonReport(result: CheckResult): Iterable<string> {
  const { findings, unreadable, notRead, installers, objects, documents, otherFiles } = result
  const { excluded, failOn, skippedGuardrails, fixed } = result
  const count = (severity: string) =>
    findings.filter((finding) => finding.severity === severity && !finding.accepted).length
  return asciiJsonPieces({
    version: 1,
    exitCode: exitCodeOf(result),
    failOn,
    summary: {
      documents,
      otherFiles,
      objects: objects.length,
      high: count('high'),
      medium: count('medium'),
      low: count('low'),
      accepted: findings.filter(({ accepted }) => accepted).length,
      unreadable: unreadable.length,
      notRead: notRead.length,
      fixed: fixed.length,
    },
    findings: findings.values().map(({ places, ...finding }) => ({
      ...finding,
      places: places.map(({ line, column, endColumn }) => ({ line, column, endColumn })),
      fails: isFailing(result, { places, ...finding }),
    })),
    unreadable,
    notRead,
    installers: Object.fromEntries(installers),
    skippedGuardrails,
    excluded,
  })
}
