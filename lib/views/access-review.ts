import { callsRemovedBefore } from '#lib/adapters/db/activity/remove-old-calls'
import { readAccessReview } from '#lib/adapters/db/audit/access-review'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { AccessReview } from '#lib/core/access/access-review'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'

/**
 * The access of a period for auditors and admins: who held what how often, what no one used, who always approves whom, decisions
 * that were hardly read, and break-glass access.
 * @throws AppError `not-found` for everyone else, `invalid` for a period that does not end after it begins or is too long
 */
export async function accessReview(actor: PersonActor, period: { from: string; to: string }): Promise<AccessReview> {
  if (!seesEverything(actor)) throw notFound()
  const { entitlements } = currentPolicy().configuration
  const { content, signOffs, ...review } = await readAccessReview(actor.person.id, period, entitlements)
  const removed = await callsRemovedBefore()
  return {
    ...content,
    ...review,
    callsRemovedBefore: removed?.toISOString() ?? null,
    signOffs: signOffs.map(({ at, ...one }) => {
      return { ...one, at: at.toISOString(), isCurrent: one.digest === review.digest }
    }),
  }
}
