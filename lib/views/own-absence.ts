import { findAbsence } from '#lib/adapters/db/notices/preferences'
import type { OwnAbsence } from '#lib/core/access/absence'
import type { PersonActor } from '#lib/core/access/actor'

/** When the caller is or will be away, and who is notified instead. */
export async function ownAbsence(actor: PersonActor): Promise<OwnAbsence> {
  const found = await findAbsence(actor.person.id)
  return { absence: found && { ...found, from: found.from.toISOString(), until: found.until.toISOString() } }
}
