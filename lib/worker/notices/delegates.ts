// Someone who is away has named a colleague who is notified instead. Only mails go to a person, so only mails change.
import { absencesOf, peopleMuting } from '#lib/adapters/db/notices/preferences'
import type { NoticeKind } from '#lib/core/notices/kinds'
import type { Addressed } from '#lib/core/notices/received-because'
import type { Recipient } from '#lib/core/notices/who-is-notified'
import { type GatheredNotice, recipientsNow } from './gather-notice.ts'

/**
 * The people who receive a notice, each once, with those whom they are notified instead of: the delegate of someone who is
 * away, in place of them. A notice stays with the person if their delegate may not know it, is away too, or does not want
 * such notices.
 */
export async function withDelegates(
  kind: NoticeKind,
  gathered: GatheredNotice,
  notified: readonly Recipient[],
): Promise<Map<string, string[]>> {
  const absences = await absencesOf(notified.map(({ person }) => person.id))
  const ids = [...new Set([...absences.values()].map(({ delegateId }) => delegateId))]
  const [colleagues, away, muting] =
    ids.length === 0
      ? [[], new Map(), new Set()]
      : await Promise.all([recipientsNow({ ids }), absencesOf(ids), peopleMuting(kind, ids)])
  const available = colleagues.filter(({ person }) => !away.has(person.id) && !muting.has(person.id))
  const inPlaceOf = new Map<string, string[]>()
  for (const one of notified) {
    const colleague = available.find(({ person }) => person.id === absences.get(one.person.id)?.delegateId)
    const isDiverted = colleague !== undefined && gathered.isNotifiedInstead(colleague, one)
    const id = isDiverted ? colleague.person.id : one.person.id
    inPlaceOf.set(id, [...(inPlaceOf.get(id) ?? []), ...(isDiverted ? [one.person.id] : [])])
  }
  return inPlaceOf
}

/**
 * For whom a notice still is. The recipient gets it on their own account, or in place of people who are still away. Those who
 * are back, or whose delegate may not know it any more, get it themselves.
 * @param inPlaceOf the people whom the recipient was notified instead of when the notice was written
 */
export async function addressedNow(
  gathered: GatheredNotice,
  recipient: Recipient | undefined,
  inPlaceOf: readonly string[],
): Promise<Addressed & { themselves: string[] }> {
  const isOwn = recipient !== undefined && gathered.isNotified(recipient)
  if (inPlaceOf.length === 0) return { isOwn, away: [], themselves: [] }
  const [people, absences] = await Promise.all([recipientsNow({ ids: inPlaceOf }), absencesOf(inPlaceOf)])
  const away: Addressed['away'] = []
  const themselves: string[] = []
  for (const one of people) {
    const absence = absences.get(one.person.id)
    if (recipient && absence?.delegateId === recipient.person.id && gathered.isNotifiedInstead(recipient, one))
      away.push({ name: one.person.name, until: absence.until })
    else if (gathered.isNotified(one)) themselves.push(one.person.id)
  }
  return { isOwn, away, themselves }
}
