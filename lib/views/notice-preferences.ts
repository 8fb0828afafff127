import { mutedKinds } from '#lib/adapters/db/notices/preferences'
import type { PersonActor } from '#lib/core/access/actor'
import type { NoticePreferences } from '#lib/core/access/notice-resource'

/** The kinds of notices that the caller does not want by e-mail. */
export const noticePreferences = async (actor: PersonActor): Promise<NoticePreferences> => ({
  muted: await mutedKinds(actor.person.id),
})
