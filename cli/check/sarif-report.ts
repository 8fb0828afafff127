// The report for code scanning: SARIF 2.1.0.
import { dirname, isAbsolute, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sarifLevels, sarifRule, sarifVersion } from '#lib/core/access/sarif'
import { visible } from '#lib/core/access/visible-text'
import type { UnreadablePart } from '#lib/core/check/checker'
import { type Finding, objectInWords } from '#lib/core/check/finding'
import type { Place } from '#lib/core/check/source'
import { asciiJsonPieces } from '../terminal.ts'
import { standardInputName } from './read-paths.ts'
import { type CheckResult, isIncomplete } from './result.ts'

/** Relative to the working directory, which in CI is the checkout. */
function artifactLocation(file: string) {
  if (isAbsolute(file)) return { uri: pathToFileURL(file).href }
  return { uri: file.split(sep).map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' }
}

type Spot = Pick<Place, 'line' | 'column' | 'endColumn'>

function locationOf(file: string, template: string | null, place: Spot | null, rendered: CheckResult['rendered']) {
  // Lines of standard input are not lines of the template, so the location is the template as a whole.
  if (file === standardInputName) {
    return { physicalLocation: { artifactLocation: artifactLocation(template ?? 'standard-input.yaml') } }
  }
  // Helm names a template by its path below the chart's name.
  if (rendered.has(file)) {
    const path = template?.split('/').slice(1) ?? []
    const source = path.length > 0 && !path.includes('..') ? join(dirname(file), ...path) : file
    return { physicalLocation: { artifactLocation: artifactLocation(source) } }
  }
  const region = place && { startLine: place.line, startColumn: place.column, endColumn: place.endColumn }
  return { physicalLocation: { artifactLocation: artifactLocation(file), ...(region ? { region } : {}) } }
}

function messageOf({ sentence, because, outlives }: Finding): string {
  const parts = [sentence, ...(because.length ? [`(${because.join(', ')})`] : [])]
  return visible([...parts, ...(outlives ? [`Persists after removal: ${outlives}.`] : [])].join(' '))
}

function suppressionsOf({ accepted }: Finding) {
  if (!accepted) return []
  return accepted.by === 'waiver'
    ? [{ kind: 'inSource', justification: visible(`${accepted.reason} (until ${accepted.until})`) }]
    : [{ kind: 'external', justification: 'accepted by the baseline' }]
}

function resultOf(finding: Finding, ruleIndex: number, rendered: CheckResult['rendered']) {
  const { id, severity, places, object, file, template, fingerprint } = finding
  const [first, ...others] = places
  const name = visible(objectInWords(object))
  return {
    ruleId: visible(id),
    ruleIndex,
    level: sarifLevels[severity],
    message: { text: messageOf(finding) },
    locations: [
      {
        ...locationOf(file, template, first, rendered),
        logicalLocations: [{ fullyQualifiedName: name, kind: 'resource' }],
      },
    ],
    ...(others.length
      ? {
          relatedLocations: others.map((place, index) => ({
            id: index + 1,
            ...locationOf(file, template, place, rendered),
          })),
        }
      : {}),
    partialFingerprints: { 'postern/v1': fingerprint },
    suppressions: suppressionsOf(finding),
  }
}

const notificationOf = (level: 'error' | 'note', { file, line, column, message }: UnreadablePart) => ({
  level,
  message: { text: visible(message) },
  locations: [locationOf(file, null, line > 0 ? { line, column, endColumn: column } : null, new Set())],
})

/** One SARIF rule for each ID that was found. docs/risks.md describes them all. */
function rulesOf(findings: readonly Finding[]) {
  const byId = new Map<string, Finding>()
  for (const finding of findings) if (!byId.has(finding.id)) byId.set(finding.id, finding)
  return [...byId.values()].map(({ id, severity, sentence }) => sarifRule(visible(id), severity, visible(sentence)))
}

export function sarifReport(result: CheckResult): Iterable<string> {
  const { findings, unreadable, notRead, isStrict, rendered } = result
  const rules = rulesOf(findings)
  const indexes = new Map(rules.map(({ id }, index) => [id, index]))
  const notifications = [
    ...unreadable.map((part) => notificationOf('error', part)),
    ...notRead.map((part) => notificationOf(isStrict ? 'error' : 'note', part)),
  ]
  return asciiJsonPieces({
    ...sarifVersion,
    runs: [
      {
        tool: { driver: { name: 'Postern', rules } },
        columnKind: 'utf16CodeUnits',
        invocations: [{ executionSuccessful: !isIncomplete(result), toolExecutionNotifications: notifications }],
        results: findings
          .values()
          .map((finding) => resultOf(finding, indexes.get(visible(finding.id)) ?? -1, rendered)),
      },
    ],
  })
}
