import { findQuietHours, mutedKinds } from '#lib/adapters/db/notices/preferences'
import type { PersonActor } from '#lib/core/access/actor'
import type { NoticePreferences } from '#lib/core/access/notice-resource'

/** The kinds of notices that the caller does not want by e-mail, and when mails wait. */
export async function noticePreferences({ person: { id } }: PersonActor): Promise<NoticePreferences> {
  const [muted, quietHours] = await Promise.all([mutedKinds(id), findQuietHours(id)])
  return { muted, quietHours }
}
