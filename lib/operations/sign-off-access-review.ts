import { gatherAccessReview, hasPartInReview, signOffsOf } from '#lib/adapters/db/audit/access-review'
import { recordEvent, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { currentPolicy } from '#lib/adapters/policy/current'
import { digestOfReview, longestReviewDays, ownReview, type SignOff } from '#lib/core/access/access-review'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import { nearestEventTime } from '#lib/core/audit/when'

/** Why this sign-off is refused; otherwise what it signs. */
async function judge(actor: PersonActor, { from: first, to: last, digest }: SignOff) {
  if (!seesEverything(actor)) return { error: notFound() }
  const [from, to] = [nearestEventTime(Date.parse(first)), nearestEventTime(Date.parse(last))]
  const days = (to.getTime() - from.getTime()) / 86_400_000
  if (days <= 0 || days > longestReviewDays)
    return {
      error: new AppError('invalid', `The period must end after it begins, and has at most ${longestReviewDays} days.`),
    }
  const { now } = await signOffsOf(from, to)
  if (to > now) return { error: new AppError('invalid', 'The period is not over. Sign it off once it is.') }
  if (await hasPartInReview(actor.person.id, from, to)) return { error: new AppError('forbidden', ownReview) }
  const content = await gatherAccessReview(from, to, currentPolicy().configuration.entitlements)
  if (digestOfReview(content) !== digest)
    return {
      error: new AppError(
        'digest-mismatch',
        'The review has changed since you opened it. Reload it and read it again.',
      ),
    }
  // NB: or else someone could push their own access out of what is signed off.
  if (!content.isComplete)
    return {
      error: new AppError('invalid', 'A list of this review is longer than 1,000 entries. Sign off shorter periods.'),
    }
  const grants = content.access.reduce((sum, { granted }) => sum + granted, 0)
  const people = new Set(content.access.map(({ person }) => person.id)).size
  return { error: null, signed: { from: content.from, to: content.to, grants, people } }
}

/**
 * Records that an auditor or admin has reviewed the access of a period, bound to exactly what they saw.
 * @throws AppError `not-found`, `invalid` (the period is not over), `forbidden` (they have a part in it), `digest-mismatch`; each attempt is recorded
 */
export async function signOffAccessReview(actor: PersonActor, input: SignOff): Promise<{ digest: string }> {
  const { note, digest } = input
  const { error, signed } = await judge(actor, input)
  return transaction(async (tx) => {
    if (error) {
      const data = { code: error.code, sentence: error.message, from: input.from, to: input.to }
      return refuse(error, { type: 'access.review-refused', actor, data })
    }
    await recordEvent(tx, { type: 'access.reviewed', actor, data: { ...signed, note, digest } })
    return { digest }
  })
}
