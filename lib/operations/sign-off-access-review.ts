import { readAccessReview } from '#lib/adapters/db/audit/access-review'
import { recordEvent, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { currentPolicy } from '#lib/adapters/policy/current'
import { ownReview, type SignOff } from '#lib/core/access/access-review'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'

/**
 * What this sign-off signs.
 * @throws AppError why it is refused
 */
async function judge(actor: PersonActor, { digest, ...period }: SignOff) {
  if (!seesEverything(actor)) throw notFound()
  const { entitlements } = currentPolicy().configuration
  const review = await readAccessReview(actor.person.id, period, entitlements)
  if (!review.isOver) throw new AppError('invalid', 'The period is not over. Sign it off once it is.')
  if (review.isOwn) throw new AppError('forbidden', ownReview)
  if (review.digest !== digest)
    throw new AppError('digest-mismatch', 'The review has changed since you opened it. Reload it and read it again.')
  const { from, to, access, isComplete } = review.content
  // NB: or else someone could push their own access out of what is signed off.
  if (!isComplete)
    throw new AppError('invalid', 'A list of this review is longer than 1,000 entries. Sign off shorter periods.')
  const grants = access.reduce((sum, { granted }) => sum + granted, 0)
  const people = new Set(access.map(({ person }) => person.id)).size
  return { from, to, grants, people }
}

/**
 * Records that an auditor or admin has reviewed the access of a period, bound to exactly what they saw.
 * @throws AppError `not-found`, `invalid` (the period is not over), `forbidden` (they have a part in it), `digest-mismatch`; each attempt is recorded
 */
export async function signOffAccessReview(actor: PersonActor, input: SignOff): Promise<{ digest: string }> {
  const { note, digest } = input
  const signed = await judge(actor, input).catch((error: unknown) => {
    if (error instanceof AppError) return error
    throw error
  })
  return transaction(async (tx) => {
    if (signed instanceof AppError) {
      const data = { code: signed.code, sentence: signed.message, from: input.from, to: input.to }
      return refuse(signed, { type: 'access.review-refused', actor, data })
    }
    await recordEvent(tx, { type: 'access.reviewed', actor, data: { ...signed, note, digest } })
    return { digest }
  })
}
