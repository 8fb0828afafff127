// A report as CSV: one measure in each line, because its tables have different columns.
import { secondsOf } from '#lib/core/access/duration'
import type { ReportResource } from '#lib/core/access/report-resource'
import { csvLine } from './csv.ts'

type Line = readonly [table: string, of: string, measure: string, value: number]

const measures = (table: string, of: string, values: Record<string, number>): Line[] =>
  Object.entries(values).map(([measure, value]) => [table, of, measure, value])

/** Times are in seconds. */
export function reportLines({ from, to, requests, decisions, grants, refusals, breakGlass }: ReportResource): string {
  const period = `${from}/${to}`
  const all = [
    ...measures('requests', period, requests),
    ...decisions.flatMap(({ group, count, median, p90 }) =>
      measures('decisions', group, { count, medianSeconds: secondsOf(median), p90Seconds: secondsOf(p90) }),
    ),
    ...grants.flatMap(({ day, ...counts }) => measures('grants', day, counts)),
    ...refusals.flatMap(({ code, ...counts }) => measures('refusals', code, counts)),
    ...breakGlass.flatMap(({ month, ...counts }) => measures('break-glass', month, counts)),
  ]
  return [['table', 'of', 'measure', 'value'], ...all.map((line) => line.map(String))].map(csvLine).join('')
}
