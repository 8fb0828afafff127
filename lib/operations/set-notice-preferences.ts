import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { savePreferences } from '#lib/adapters/db/notices/preferences'
import type { PersonActor } from '#lib/core/access/actor'
import type { NoticePreferences } from '#lib/core/access/notice-resource'

/** Chooses which kinds of notices the caller receives by e-mail. It is about no one else, so everyone may. */
export async function setNoticePreferences(
  actor: PersonActor,
  { muted }: NoticePreferences,
): Promise<NoticePreferences> {
  const kinds = [...new Set(muted)].sort()
  return transaction(async (tx) => {
    await savePreferences(tx, actor.person.id, kinds)
    await recordEvent(tx, { type: 'notices.preferences-changed', actor, data: { muted: kinds } })
    return { muted: kinds }
  })
}
