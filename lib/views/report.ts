import { readReport } from '#lib/adapters/db/requests/report'
import type { PersonActor } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import { notFound } from '#lib/core/access/errors'
import type { ReportResource, reportPeriods } from '#lib/core/access/report-resource'
import { reportLines } from '#lib/core/audit/report-lines'
import { reportScope } from './report-scope.ts'

const dayMs = 86_400_000
const inWords = (seconds: number) => formatDuration(Math.max(1, Math.round(seconds)))

/**
 * What happened in the last days, today included: everything for auditors and admins, and for approvers what their groups
 * may decide. Days are those of UTC.
 * @throws AppError `not-found` for everyone else
 */
export async function report(
  actor: PersonActor,
  days: (typeof reportPeriods)[number],
  now = new Date(),
): Promise<ReportResource> {
  const scope = reportScope(actor)
  if (!scope) throw notFound()
  const today = Math.floor(now.getTime() / dayMs) * dayMs
  const from = new Date(today - (Number(days) - 1) * dayMs)
  const { requests, decisions, grants, refusals, breakGlass } = await readReport(from, scope)
  const byDay = new Map(grants.map((one) => [one.day, one]))
  return {
    from: from.toISOString(),
    to: now.toISOString(),
    groups: scope === 'all' ? null : [...scope.groups],
    requests,
    decisions: decisions.map(({ group, count, times: [median, p90] }) => {
      return { group, count, median: inWords(median), p90: inWords(p90) }
    }),
    grants: Array.from({ length: Number(days) }, (_, index) => {
      const day = new Date(from.getTime() + index * dayMs).toISOString().slice(0, 10)
      return byDay.get(day) ?? { day, low: 0, medium: 0, high: 0 }
    }),
    refusals,
    breakGlass,
  }
}

/** The same as one file. */
export async function* exportReport(actor: PersonActor, days: (typeof reportPeriods)[number]): AsyncGenerator<string> {
  yield reportLines(await report(actor, days))
}
