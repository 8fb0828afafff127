// The report for people: what is wrong, the source with a mark under the words, and what it leads to.
import { severities } from '#lib/core/access/severity'
import type { UnreadablePart } from '#lib/core/check/checker'
import { type Finding, objectInWords } from '#lib/core/check/finding'
import { type Place, visible } from '#lib/core/check/source'
import { type Paint, plural, severityStyle } from '../terminal.ts'
import { type CheckResult, exitCodeOf, isFailing } from './result.ts'

/** The lines that hold the places, each with a mark under what is meant. */
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

/** `^^^^` under each place of one line; the line is shown as the first of them has it, so what is cut off has no mark. */
function marksUnder(places: readonly Place[], { excerpt, column }: Place): string {
  const length = excerpt.before.length + excerpt.mark.length + excerpt.after.length
  const shift = excerpt.before.length + 1 - column
  let marks = ''
  for (const place of places) {
    const from = place === places[0] ? excerpt.before.length : place.column - 1 + shift
    if (from < marks.length || from >= Math.max(length, 1)) continue
    const wanted = place === places[0] ? excerpt.mark.length : place.endColumn - place.column
    marks = marks.padEnd(from) + '^'.repeat(Math.max(1, Math.min(wanted, length - from)))
  }
  return marks
}

// The verb and the resource of one rule: what other rules add is in the words below, and in the reports for programs.
const maxPlaces = 2
const maxIncluded = 6

function sentenceInText(finding: Finding, paint: Paint): string[] {
  const { id, severity, sentence, because, outlives, includes } = finding
  const included = includes.length > maxIncluded ? `${includes.length} other findings` : includes.join(', ')
  const more = [
    because.map(visible).join(', '),
    outlives && `stays when this is taken away: ${visible(outlives)}`,
    includes.length > 0 && `includes ${included}`,
  ].filter(Boolean)
  return [
    `${paint(severityStyle[severity], severity)}${paint('bold', `[${visible(id)}]`)}: ${visible(sentence)}`,
    ...(more.length ? [`    ${more.join('; ')}`] : []),
  ]
}

/** Findings of one object that stand at the same words: the words once, and all that is said of them. */
function groupInText(findings: readonly [Finding, ...Finding[]], paint: Paint): string {
  const [{ places, object, file, template }] = findings
  const where = `${visible(file)}:${places[0].line}:${places[0].column}`
  const from = template ? ` (made from ${visible(template)})` : ''
  return [
    `${paint('bold', where)}: ${visible(objectInWords(object))}${from}`,
    ...sourceLines(places.slice(0, maxPlaces), paint).map((line) => `  ${line}`),
    ...findings.flatMap((finding) => sentenceInText(finding, paint)).map((line) => `  ${line}`),
  ].join('\n')
}

/** These findings, gravest first where they stand at the same words. */
export function findingsInText(findings: readonly Finding[], paint: Paint): string[] {
  const spot = ({ file, object, places }: Finding) =>
    JSON.stringify([file, objectInWords(object), ...places.map(({ line, column }) => [line, column])])
  return [...Map.groupBy(findings, spot).values()].flatMap((group) => {
    const [first, ...others] = group
    return first ? groupInText([first, ...others], paint) : []
  })
}

export const unreadableInText = ({ file, line, column, message }: UnreadablePart, paint: Paint): string =>
  `${paint('red', 'unreadable')}: ${visible(file)}${line > 0 ? `:${line}:${column}` : ''}: ${visible(message)}`

/** What does not fail the check is one line for each object: it is there to be known, not to be mended. */
function notesInText(result: CheckResult): string[] {
  const notes = result.findings.filter((finding) => !finding.accepted && !isFailing(result, finding))
  const byObject = Map.groupBy(notes, ({ file, object }) => `${objectInWords(object)}, ${file}`)
  return [...byObject].map(([object, found]) => {
    const ids = [...new Set(found.map(({ id }) => id))]
    return `note: ${visible(object)}:${found[0]?.places[0].line}: ${ids.map(visible).join(', ')}`
  })
}

function acceptedInText({ findings, mended }: CheckResult): string[] {
  const byWaiver = findings.flatMap(({ accepted, id, object }) =>
    accepted?.by === 'waiver' ? [{ ...accepted, id, object }] : [],
  )
  const known = findings.filter(({ accepted }) => accepted?.by === 'baseline').length
  return [
    ...byWaiver.map(
      ({ id, object, until, reason }) =>
        `waived: ${visible(objectInWords(object))}: ${visible(id)} until ${until}: ${visible(reason)}`,
    ),
    ...(known ? [`known by the baseline: ${plural(known, 'finding')}`] : []),
    ...(mended.length
      ? [
          `in the baseline and not found any more: ${plural(mended.length, 'finding')}; --update-baseline takes them out`,
        ]
      : []),
  ]
}

function summaryInText(result: CheckResult): string {
  const { findings, unreadable, objects, documents } = result
  const open = findings.filter(({ accepted }) => !accepted)
  const counts = [...severities]
    .reverse()
    .map((severity) => `${open.filter((finding) => finding.severity === severity).length} ${severity}`)
  const said = [
    `${plural(objects.length, 'role or binding', 'roles and bindings')} in ${plural(documents, 'document')}: ${counts.join(', ')}`,
    ...(unreadable.length ? [`${plural(unreadable.length, 'part')} could not be read`] : []),
  ].join('; ')
  return `${said}. ${{ 0: 'Passed.', 1: 'Failed.', 2: 'Not passed: not everything could be read.' }[exitCodeOf(result)]}`
}

function neverJudgedInText({ neverJudged }: CheckResult): string[] {
  if (neverJudged.length === 0) return []
  const byReason = Map.groupBy(neverJudged, ({ because }) => because)
  const reasons = [...byReason].map(
    ([because, found]) => `${found.map(({ guardrail }) => guardrail).join(', ')} (${because})`,
  )
  return [`guardrails that no manifest can be judged by: ${reasons.join('; ')}`]
}

/** The whole report. */
export function* textReport(result: CheckResult, paint: Paint): Generator<string> {
  const failing = result.findings.filter((finding) => isFailing(result, finding))
  for (const text of findingsInText(failing, paint)) yield `${text}\n\n`
  const lines = [...acceptedInText(result), ...notesInText(result), ...neverJudgedInText(result)]
  for (const line of lines) yield `${paint('dim', line)}\n`
  for (const part of result.unreadable) yield `${unreadableInText(part, paint)}\n`
  yield `${paint('bold', summaryInText(result))}\n`
}
