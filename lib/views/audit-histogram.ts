import { type AuditFilter, countAuditEvents } from '#lib/adapters/db/audit/find-audit-events'
import type { PersonActor } from '#lib/core/access/actor'
import type { Bucket } from '#lib/core/audit/histogram'
import { scopeOf } from './audit-scope.ts'

/** As many bars as can be told apart on a phone; a multiple of the histogram's ranges. */
const bars = 56

/** The number of these events in each of at most 56 equal parts of their time range. */
export async function auditHistogram(actor: PersonActor, filter: AuditFilter): Promise<Bucket[]> {
  const parts = await countAuditEvents(await scopeOf(actor, filter), filter, bars)
  return parts.map(({ from, to, count }) => ({ from: from.toISOString(), to: to.toISOString(), count }))
}
