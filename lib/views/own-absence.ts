import { findAbsence } from '#lib/adapters/db/notices/preferences'
import type { PersonActor } from '#lib/core/access/actor'

export type OwnAbsence = { from: string; until: string; delegate: string }

/** When the caller is or will be away, and who is notified instead; null if they are not. */
export async function ownAbsence(actor: PersonActor): Promise<OwnAbsence | null> {
  const found = await findAbsence(actor.person.id)
  return found && { ...found, from: found.from.toISOString(), until: found.until.toISOString() }
}
