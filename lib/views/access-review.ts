import { gatherAccessReview, hasPartInReview, signOffsOf } from '#lib/adapters/db/audit/access-review'
import { currentPolicy } from '#lib/adapters/policy/current'
import { type AccessReview, digestOfReview, longestReviewDays } from '#lib/core/access/access-review'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import { nearestEventTime } from '#lib/core/audit/when'

/**
 * The access of a period for auditors and admins: who held what how often, what no one used, who always approves whom, decisions
 * that were hardly read, and break-glass access.
 * @throws AppError `not-found` for everyone else, `invalid` for a period that does not end after it begins or is too long
 */
export async function accessReview(actor: PersonActor, period: { from: string; to: string }): Promise<AccessReview> {
  if (!seesEverything(actor)) throw notFound()
  const [from, to] = [nearestEventTime(Date.parse(period.from)), nearestEventTime(Date.parse(period.to))]
  if (from >= to) throw new AppError('invalid', 'The period must end after it begins.')
  if (to.getTime() - from.getTime() > longestReviewDays * 86_400_000)
    throw new AppError('invalid', `A period has at most ${longestReviewDays} days.`)
  const content = await gatherAccessReview(from, to, currentPolicy().configuration.entitlements)
  const digest = digestOfReview(content)
  const { now, signOffs } = await signOffsOf(from, to)
  return {
    ...content,
    ...{ digest, isOver: to <= now, isOwn: await hasPartInReview(actor.person.id, from, to) },
    signOffs: signOffs.map(({ at, ...one }) => ({ ...one, at: at.toISOString(), isCurrent: one.digest === digest })),
  }
}
