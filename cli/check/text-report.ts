// The report for people: each finding with the marked source.
import { severities } from '#lib/core/access/severity'
import { visible } from '#lib/core/access/visible-text'
import type { UnreadablePart } from '#lib/core/check/checker'
import { type Finding, objectInWords } from '#lib/core/check/finding'
import type { Place } from '#lib/core/check/source'
import { type Paint, plural, severityStyle } from '../terminal.ts'
import { type CheckResult, exitCodeOf, isFailing } from './result.ts'

/** The source lines of the places, with a mark under each place. */
function sourceLines(places: readonly Place[], paint: Paint): string[] {
  const byLine = Map.groupBy(places, ({ line }) => line)
  const lines = [...byLine.keys()].sort((a, b) => a - b)
  const width = String(lines.at(-1) ?? 0).length
  return lines.flatMap((line, index) => {
    const onLine = (byLine.get(line) ?? []).sort((a, b) => a.column - b.column)
    const [first] = onLine
    if (!first) return []
    const { before, mark, after } = first.excerpt
    const isApart = index > 0 && line > (lines[index - 1] ?? 0) + 1
    return [
      ...(isApart ? [paint('dim', `${'…'.padStart(width)} |`)] : []),
      `${paint('dim', `${String(line).padStart(width)} |`)} ${before}${mark}${after}`,
      `${paint('dim', `${' '.repeat(width)} |`)} ${paint('yellow', marksUnder(onLine, first))}`,
    ]
  })
}

/** `^^^^` under each place of a line. The line is shortened around the first place, and places outside get no mark. */
function marksUnder(places: readonly Place[], { excerpt, column }: Place): string {
  const length = excerpt.before.length + excerpt.mark.length + excerpt.after.length
  const shift = excerpt.before.length + 1 - column
  let marks = ''
  for (const place of places) {
    const from = place === places[0] ? excerpt.before.length : place.column - 1 + shift
    if (from < marks.length || from >= Math.max(length, 1)) continue
    const width = place === places[0] ? excerpt.mark.length : place.endColumn - place.column
    marks = marks.padEnd(from) + '^'.repeat(Math.max(1, Math.min(width, length - from)))
  }
  return marks
}

// The verb and the resource of one rule. The places in other rules are in the reports for programs.
const maxPlaces = 2
const maxIncluded = 6

function findingLines(finding: Finding, paint: Paint): string[] {
  const { id, severity, sentence, because, outlives, includes } = finding
  const included = includes.length > maxIncluded ? `${includes.length} other findings` : includes.join(', ')
  const more = [
    because.map(visible).join(', '),
    outlives && `persists after removal: ${visible(outlives)}`,
    includes.length > 0 && `includes ${included}`,
  ].filter(Boolean)
  return [
    `${paint(severityStyle[severity], severity)}${paint('bold', `[${visible(id)}]`)}: ${visible(sentence)}`,
    ...(more.length ? [`    ${more.join('; ')}`] : []),
  ]
}

/** The findings of one object at the same place, with the source shown once. */
function groupText(findings: readonly [Finding, ...Finding[]], paint: Paint): string {
  const [{ places, object, file, template }] = findings
  const where = `${visible(file)}:${places[0].line}:${places[0].column}`
  const from = template ? ` (rendered from ${visible(template)})` : ''
  return [
    `${paint('bold', where)}: ${visible(objectInWords(object))}${from}`,
    ...sourceLines(places.slice(0, maxPlaces), paint).map((line) => `  ${line}`),
    ...findings.flatMap((finding) => findingLines(finding, paint)).map((line) => `  ${line}`),
  ].join('\n')
}

/** The findings, grouped by place. */
export function findingsText(findings: readonly Finding[], paint: Paint): string[] {
  const spot = ({ file, object, places }: Finding) =>
    JSON.stringify([file, objectInWords(object), ...places.map(({ line, column }) => [line, column])])
  return [...Map.groupBy(findings, spot).values()].flatMap((group) => {
    const [first, ...others] = group
    return first ? groupText([first, ...others], paint) : []
  })
}

const unreadableText = ({ file, line, column, message }: UnreadablePart, paint: Paint): string =>
  `${paint('red', 'error')}: ${visible(file)}${line > 0 ? `:${line}:${column}` : ''}: ${visible(message)}`

/** One line for each object with findings that do not fail the check. */
function noteLines(result: CheckResult): string[] {
  const notes = result.findings.filter((finding) => !finding.accepted && !isFailing(result, finding))
  const byObject = Map.groupBy(notes, ({ file, object }) => `${objectInWords(object)}, ${file}`)
  return [...byObject].map(([object, found]) => {
    const ids = [...new Set(found.map(({ id }) => id))]
    return `note: ${visible(object)}:${found[0]?.places[0].line}: ${ids.map(visible).join(', ')}`
  })
}

function acceptedLines({ findings, fixed }: CheckResult): string[] {
  const byWaiver = findings.flatMap(({ accepted, id, object }) =>
    accepted?.by === 'waiver' ? [{ ...accepted, id, object }] : [],
  )
  const known = findings.filter(({ accepted }) => accepted?.by === 'baseline').length
  return [
    ...byWaiver.map(
      ({ id, object, until, reason }) =>
        `waived: ${visible(objectInWords(object))}: ${visible(id)} until ${until}: ${visible(reason)}`,
    ),
    ...(known ? [`baseline: ${plural(known, 'known finding')}`] : []),
    ...(fixed.length ? [`baseline: ${plural(fixed.length, 'fixed finding')} (--update-baseline removes them)`] : []),
  ]
}

function summaryText(result: CheckResult): string {
  const { findings, unreadable, objects, documents } = result
  const open = findings.filter(({ accepted }) => !accepted)
  const counts = [...severities]
    .reverse()
    .map((severity) => `${open.filter((finding) => finding.severity === severity).length} ${severity}`)
  const checked = `Checked ${plural(objects.length, 'role or binding', 'roles and bindings')} in ${plural(documents, 'document')}`
  const errors = unreadable.length ? `, ${plural(unreadable.length, 'error')}` : ''
  const incomplete = unreadable.length ? 'some input could not be read' : 'with --strict, everything must be read'
  const outcome = { 0: 'Passed.', 1: 'Failed.', 2: `Failed: ${incomplete}.` }[exitCodeOf(result)]
  return `${checked}: ${counts.join(', ')}${errors}. ${outcome}`
}

function skippedLines({ skippedGuardrails }: CheckResult): string[] {
  if (skippedGuardrails.length === 0) return []
  const byReason = Map.groupBy(skippedGuardrails, ({ because }) => because)
  const reasons = [...byReason].map(
    ([because, found]) => `${found.map(({ guardrail }) => guardrail).join(', ')} (${because})`,
  )
  return [`note: guardrails that do not apply to manifests: ${reasons.join('; ')}`]
}

const maxExcluded = 5

/** So that no one hides a role from the reviewer of a report. */
function excludedLines({ excluded }: CheckResult): string[] {
  if (excluded.length === 0) return []
  const more = excluded.length > maxExcluded ? ` and ${excluded.length - maxExcluded} more` : ''
  return [`note: excluded: ${excluded.slice(0, maxExcluded).map(visible).join(', ')}${more}`]
}

/** What may bring permissions that the check does not see. */
function notReadLines({ notRead, installers }: CheckResult): string[] {
  const more = notRead.length > maxExcluded ? [`note: not read: ${notRead.length - maxExcluded} more parts`] : []
  const elsewhere = [...installers].map(([kind, count]) => `${count} ${kind}`)
  return [
    ...notRead
      .slice(0, maxExcluded)
      .map(
        ({ file, line, column, message }) => `note: not read: ${visible(file)}:${line}:${column}: ${visible(message)}`,
      ),
    ...more,
    ...(elsewhere.length ? [`note: not read: what these objects install or grant: ${elsewhere.join(', ')}`] : []),
  ]
}

function otherFilesLines({ otherFiles }: CheckResult): string[] {
  return otherFiles > 0 ? [`note: ${plural(otherFiles, 'other file')} without Kubernetes objects`] : []
}

/** The whole report. */
export function* textReport(result: CheckResult, paint: Paint): Generator<string> {
  const failing = result.findings.filter((finding) => isFailing(result, finding))
  for (const text of findingsText(failing, paint)) yield `${text}\n\n`
  const lines = [
    ...[acceptedLines(result), noteLines(result), skippedLines(result)].flat(),
    ...[excludedLines(result), notReadLines(result), otherFilesLines(result)].flat(),
  ]
  for (const line of lines) yield `${paint('dim', line)}\n`
  for (const part of result.unreadable) yield `${unreadableText(part, paint)}\n`
  yield `${paint('bold', summaryText(result))}\n`
}
