import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { deleteOtherBrowsers } from '#lib/adapters/db/notices/browsers'
import { type EndedSession, endOtherSessions as endOthers } from '#lib/adapters/db/people/sessions'
import type { PersonActor } from '#lib/core/access/actor'

/**
 * Signs a person out in all other browsers, at once: no other session of theirs is accepted from the commit on, and no other
 * browser is notified. The
 * person comes from the caller's own session, so nobody can end the sessions of someone else.
 * @param keep the session that the call came with
 * @param keepBrowser the browser that the call came from, if it is notified
 * @returns the ended sessions, whose tokens the caller revokes at the provider
 */
export async function endOtherSessions(actor: PersonActor, keep: string, keepBrowser = ''): Promise<EndedSession[]> {
  return transaction(async (tx) => {
    const ended = await endOthers(tx, actor.person.id, keep)
    await deleteOtherBrowsers(tx, actor.person.id, keepBrowser)
    if (ended.length > 0) {
      const data = { count: ended.length }
      await recordEvent(tx, { type: 'sessions.ended', actor, data, about: { personId: actor.person.id } })
    }
    return ended
  })
}
