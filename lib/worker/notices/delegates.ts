// Someone who is away has named a colleague who is notified instead. Only mails go to a person, so only mails change.
import { delegatesOf, peopleMuting } from '#lib/adapters/db/notices/preferences'
import type { NoticeKind } from '#lib/core/notices/kinds'
import type { Recipient } from '#lib/core/notices/who-is-notified'
import { type GatheredNotice, recipientsNow } from './gather-notice.ts'

/**
 * The people who receive a notice, each once: the delegate of someone who is away, in place of them. A notice stays with the
 * person if their delegate may not know it, is away too, or does not want such notices.
 */
export async function withDelegates(
  kind: NoticeKind,
  gathered: GatheredNotice,
  notified: readonly Recipient[],
): Promise<ReadonlySet<string>> {
  const delegates = await delegatesOf(notified.map(({ person }) => person.id))
  if (delegates.size === 0) return new Set(notified.map(({ person }) => person.id))
  const ids = [...new Set(delegates.values())]
  const [colleagues, away, muting] = await Promise.all([
    recipientsNow({ ids }),
    delegatesOf(ids),
    peopleMuting(kind, ids),
  ])
  const available = colleagues.filter(({ person }) => !away.has(person.id) && !muting.has(person.id))
  return new Set(
    notified.map((one) => {
      const colleague = available.find(({ person }) => person.id === delegates.get(one.person.id))
      return colleague && gathered.isNotifiedInstead(colleague, one) ? colleague.person.id : one.person.id
    }),
  )
}

/** Is a notice still for this person, on their own account or in place of someone who is away? */
export async function isStillNotified(gathered: GatheredNotice, recipient: Recipient): Promise<boolean> {
  if (gathered.isNotified(recipient)) return true
  const candidates = await gathered.candidates()
  const delegates = await delegatesOf(candidates.map(({ person }) => person.id))
  return candidates.some(
    (one) => delegates.get(one.person.id) === recipient.person.id && gathered.isNotifiedInstead(recipient, one),
  )
}
