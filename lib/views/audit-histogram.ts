import { pastCounts, type Span, spanMs } from '#lib/adapters/db/audit/audit-counts'
import {
  type AuditFilter,
  type AuditScope,
  countAuditEvents,
  countBySpan,
  firstEvent,
} from '#lib/adapters/db/audit/find-audit-events'
import type { PersonActor } from '#lib/core/access/actor'
import type { Bucket } from '#lib/core/audit/histogram'
import { scopeOf } from './history-visibility.ts'

/** As many bars as can be told apart on a phone; a multiple of the histogram's ranges. */
const bars = 56

/** The number of these events in each of at most 56 equal parts of their time range. */
export async function auditHistogram(actor: PersonActor, filter: AuditFilter): Promise<Bucket[]> {
  const scope = await scopeOf(actor, filter)
  const long = isCounted(scope, filter) ? await longRange(scope, filter) : null
  if (long) return countLongRange(scope, filter, long)
  const parts = await countAuditEvents(scope, filter, bars)
  return parts.map(({ from, to, count }) => ({ from: from.toISOString(), to: to.toISOString(), count }))
}

/** Hours and days are counted for all events of a cluster and type only. */
function isCounted(scope: AuditScope, { from, to, cluster, type, ...rest }: AuditFilter): boolean {
  return scope === 'all' && Object.values(rest).every((value) => value === undefined)
}

type LongRange = { span: Span; low: number; high: number }

/** The range of a filter, in milliseconds, if its bars are longer than an hour or a day. */
async function longRange(scope: AuditScope, filter: AuditFilter): Promise<LongRange | null> {
  const found = filter.from && filter.to ? null : await firstEvent(scope, filter)
  const low = filter.from ? Date.parse(filter.from) : found?.first.getTime()
  const high = filter.to ? Date.parse(filter.to) : found?.now.getTime()
  if (low === undefined || high === undefined) return null
  const span = (['day', 'hour'] as const).find((one) => high - low > bars * spanMs[one])
  return span ? { span, low, high } : null
}

/** Bars of whole hours or days. What is over is counted already; the two ends of the range are counted now. */
async function countLongRange(scope: AuditScope, filter: AuditFilter, { span, low, high }: LongRange) {
  const unit = spanMs[span]
  const start = Math.floor(low / unit) * unit
  const whole = new Date(Math.ceil(low / unit) * unit)
  const past = await pastCounts(span, { ...filter, from: whole, to: new Date(high) })
  const last = new Date(Math.max(whole.getTime(), Math.min(past.until?.getTime() ?? 0, Math.floor(high / unit) * unit)))
  const iso = (time: Date | number) => new Date(time).toISOString()
  const count = (from: Date | number, to: Date | number) =>
    countBySpan(scope, { ...filter, from: iso(from), to: iso(to) }, span)
  const ends = await Promise.all([count(low, whole), count(last, high)])
  const width = Math.ceil((high - start) / bars / unit) * unit
  const counts = new Array<number>(Math.ceil((high - start) / width)).fill(0)
  for (const { start: at, count } of [...past.counts, ...ends.flat()]) {
    const index = Math.floor((at.getTime() - start) / width)
    counts[index] = (counts[index] ?? 0) + count
  }
  if (counts.every((one) => one === 0)) return []
  return counts.map((count, index) => {
    const from = start + index * width
    return { from: iso(from), to: iso(Math.min(from + width, high)), count }
  })
}
