import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { type EndedSession, endOtherSessions as endOthers } from '#lib/adapters/db/people/sessions'
import type { PersonActor } from '#lib/core/access/actor'

/**
 * Signs a person out in all other browsers, at once: no other session of theirs is accepted from the commit on. The
 * person comes from the caller's own session, so nobody can end the sessions of someone else.
 * @param keep the session that the call came with
 * @returns the ended sessions, whose tokens the caller revokes at the provider
 */
export async function endOtherSessions(actor: PersonActor, keep: string): Promise<EndedSession[]> {
  return transaction(async (tx) => {
    const ended = await endOthers(tx, actor.person.id, keep)
    if (ended.length > 0) {
      const data = { count: ended.length }
      await recordEvent(tx, { type: 'sessions.ended', actor, data, about: { personId: actor.person.id } })
    }
    return ended
  })
}
