import type { PersonActor } from '#lib/access/actor'
import { type AuditFilter, countAuditEvents } from '#lib/db/find-audit-events'
import { scopeOf } from './audit-scope.ts'

/** Sixty bars are as many as fit side by side on a telephone. */
const bars = 60

/** How many of these events happened when: at most 60 equal parts of the range, RFC 3339. */
export async function auditHistogram(
  actor: PersonActor,
  filter: AuditFilter,
): Promise<Array<{ from: string; to: string; count: number }>> {
  const parts = await countAuditEvents(await scopeOf(actor, filter), filter, bars)
  return parts.map(({ from, to, count }) => ({ from: from.toISOString(), to: to.toISOString(), count }))
}
