import { findReaders } from '#lib/adapters/db/people/find-readers'
import { findPastRequest } from '#lib/adapters/db/requests/find-past-requests'
import type { JudgeTask } from '#lib/adapters/policy/trial'
import { tryPolicy } from '#lib/adapters/policy/try-policy'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { maySee } from '#lib/core/access/may-see'
import type { JudgeInput, Trial } from '#lib/core/access/policy-trial'
import { calendarsFor, policyForTrial } from './policy-for-trial.ts'
import { readerOf } from './reader.ts'

/** @throws AppError `not-found` if there is no such request, or this person may not see it */
async function subjectOf(actor: PersonActor, { request: id, sample }: JudgeInput): Promise<JudgeTask['subject']> {
  if (id === undefined) return { sample: sample ?? '' }
  const readers = await findReaders({ request: id })
  const request = await findPastRequest(readerOf(actor), id, readers !== undefined && maySee(actor, readers))
  if (!request) throw notFound()
  return { request }
}

/**
 * The verdict of a policy, by default the current one, on a past request or a sample: violations, warnings, required
 * approvals and matched guardrails. Changes nothing.
 * @throws AppError `not-found`; `invalid` for a policy or a sample with a mistake
 */
export async function judgePolicy(actor: PersonActor, input: JudgeInput): Promise<Trial> {
  const { policy, calendars } = input
  return tryPolicy(actor.person.id, {
    kind: 'judge',
    candidate: policy === undefined ? null : { text: policy, calendars: calendarsFor(calendars) },
    policyForTrial: policyForTrial(),
    subject: await subjectOf(actor, input),
  })
}
