import type { AuditFilter, AuditScope } from '#lib/adapters/db/audit/find-audit-events'
import { findReaders } from '#lib/adapters/db/people/find-readers'
import type { PersonActor } from '#lib/core/access/actor'
import { maySee, seesEverything } from '#lib/core/access/may-act'

/**
 * Auditors and admins read everything; others what was done by them or about them, and the whole story of a request or
 * grant that they may see.
 */
export async function scopeOf(actor: PersonActor, { request, grant }: AuditFilter): Promise<AuditScope> {
  if (seesEverything(actor)) return 'all'
  const readers = await findReaders({ request, grant })
  return readers && maySee(actor, readers) ? 'all' : { personId: actor.person.id }
}
