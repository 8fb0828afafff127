import { findOpenSessions } from '#lib/adapters/db/people/sessions'
import type { PersonActor } from '#lib/core/access/actor'

/** A session of one's own. `isThis`: the one that the page was opened with. */
export type OwnSession = { startedAt: string; expiresAt: string; clientAddress: string | null; isThis: boolean }

/**
 * Where this person is signed in, newest first.
 * @param here the id of the session that the page was opened with. NB: no other id leaves the server.
 */
export async function ownSessions(actor: PersonActor, here: string | null): Promise<OwnSession[]> {
  const sessions = await findOpenSessions(actor.person.id)
  return sessions.map(({ id, startedAt, expiresAt, clientAddress }) => ({
    startedAt: startedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    clientAddress,
    isThis: id === here,
  }))
}
