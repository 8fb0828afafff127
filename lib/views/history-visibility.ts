import type { AuditFilter, AuditScope } from '#lib/adapters/db/audit/find-audit-events'
import { findReaders } from '#lib/adapters/db/people/find-readers'
import type { PersonActor } from '#lib/core/access/actor'
import { maySee, seesEverything } from '#lib/core/access/may-see'

/**
 * Auditors and admins read every event. Others read the events that they caused or that are about them, and every event of
 * a request or grant that they may see.
 */
export async function scopeOf(actor: PersonActor, { request, grant }: AuditFilter): Promise<AuditScope> {
  if (seesEverything(actor)) return 'all'
  const readers = await findReaders({ request, grant })
  return readers && maySee(actor, readers) ? 'all' : { personId: actor.person.id }
}
