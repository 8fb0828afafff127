// The report for people: what is wrong, the source with a mark under the words, and what it leads to.
import { type Severity, severities } from '#lib/access/severity'
import type { Totals, UnreadablePart } from '#lib/check/checker'
import { type Finding, objectInWords } from '#lib/check/finding'
import { type Place, visible } from '#lib/check/source'

export type Paint = (style: 'bold' | 'red' | 'yellow' | 'dim', text: string) => string

const styles: Record<Severity, 'red' | 'yellow' | 'dim'> = { severe: 'red', raised: 'yellow', low: 'dim' }

export const isAtLeast = (severity: Severity, least: Severity) =>
  severities.indexOf(severity) >= severities.indexOf(least)

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
    const gap = index > 0 && line > (lines[index - 1] ?? 0) + 1 ? [paint('dim', `${' '.repeat(width - 1)}… |`)] : []
    // Other marks of the line, counted from the first; what is cut off is not marked.
    const shift = before.length + 1 - first.column
    let marks = ''
    for (const { column, endColumn } of onLine) {
      const from = column - 1 + shift
      if (from < marks.length) continue
      marks =
        marks.padEnd(from) +
        '^'.repeat(Math.max(1, Math.min(endColumn - column, before.length + mark.length + after.length - from)))
    }
    return [
      ...gap,
      `${paint('dim', `${String(line).padStart(width)} |`)} ${before}${mark}${after}`,
      `${paint('dim', `${' '.repeat(width)} |`)} ${paint('yellow', marks)}`,
    ]
  })
}

export function findingInText(finding: Finding, paint: Paint): string {
  const { id, severity, sentence, because, outlives, includes, places, object, file, template } = finding
  const where = `${visible(file)}:${places[0].line}:${places[0].column}`
  const lines = [
    `${paint(styles[severity], severity)}${paint('bold', `[${id}]`)}: ${visible(sentence)}`,
    `  ${paint('dim', '-->')} ${where} in ${visible(objectInWords(object))}${template ? ` (from ${visible(template)})` : ''}`,
    ...sourceLines(places, paint).map((line) => `  ${line}`),
    ...(because.length ? [`  = gives: ${because.map(visible).join(', ')}`] : []),
    ...(outlives ? [`  = stays behind when it is taken away: ${visible(outlives)}`] : []),
    ...(includes.length
      ? [`  = includes: ${includes.length > 6 ? `${includes.length} other findings` : includes.join(', ')}`]
      : []),
  ]
  return lines.join('\n')
}

export const unreadableInText = ({ file, line, column, message }: UnreadablePart, paint: Paint): string =>
  `${paint('red', 'unreadable')}: ${visible(file)}${line > 0 ? `:${line}:${column}` : ''}: ${visible(message)}`

const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`

export function summaryInText(
  findings: readonly Finding[],
  unreadable: readonly UnreadablePart[],
  totals: Totals,
): string {
  const counts = [...severities]
    .reverse()
    .map((severity) => `${findings.filter((finding) => finding.severity === severity).length} ${severity}`)
  return [
    `${plural(totals.objects, 'role or binding', 'roles and bindings')} in ${plural(totals.documents, 'document')}: ${counts.join(', ')}`,
    ...(unreadable.length ? [`${plural(unreadable.length, 'part')} could not be read`] : []),
  ].join('; ')
}
