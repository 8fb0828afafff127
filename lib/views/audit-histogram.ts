import { type AuditFilter, countAuditEvents } from '#lib/adapters/db/audit/find-audit-events'
import type { PersonActor } from '#lib/core/access/actor'
import type { Bucket } from '#lib/core/audit/histogram'
import { scopeOf } from './audit-scope.ts'

/** As many bars as can be told apart on a telephone; a multiple of the histogram's stretches. */
const bars = 56

/** How many of these events happened when: at most 56 equal parts of the range, RFC 3339. */
export async function auditHistogram(actor: PersonActor, filter: AuditFilter): Promise<Bucket[]> {
  const parts = await countAuditEvents(await scopeOf(actor, filter), filter, bars)
  return parts.map(({ from, to, count }) => ({ from: from.toISOString(), to: to.toISOString(), count }))
}
