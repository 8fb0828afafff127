import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { clearAbsence, saveAbsence } from '#lib/adapters/db/notices/preferences'
import { findPeopleNamed } from '#lib/adapters/db/people/find-person'
import { type AbsenceInput, hasGroupInCommon, longestAbsenceDays, type OwnAbsence } from '#lib/core/access/absence'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { isSamePerson } from '#lib/core/access/same-person'

const invalid = (pointer: string, message: string) =>
  new AppError('invalid', 'The absence was not saved.', { errors: [{ pointer, message }] })

/** One address may belong to accounts of several providers, of which one is a colleague. */
const mostAccounts = 50

/**
 * Says that the caller is away, and names a colleague of one of their groups who is notified instead. It changes who is
 * notified, never who may decide.
 * @throws AppError `invalid` for times that are not one future period, or for a delegate who is not such a colleague
 */
export async function setAbsence(actor: PersonActor, input: AbsenceInput): Promise<OwnAbsence> {
  const [from, until] = [new Date(input.from), new Date(input.until)]
  if (until <= from) throw invalid('/until', 'must be after the first day')
  if (until <= new Date()) throw invalid('/until', 'must be in the future')
  if (until.getTime() - from.getTime() > longestAbsenceDays * 86_400_000)
    throw invalid('/until', `must be at most ${longestAbsenceDays} days after the first day`)
  const named = await findPeopleNamed(input.delegate, mostAccounts)
  const [delegate, another] = named.filter(
    (one) => hasGroupInCommon(one, actor.person) && !isSamePerson(one, actor.person),
  )
  // One answer for people who are unknown and for those who are not colleagues.
  if (!delegate || another)
    throw invalid('/delegate', 'must be the e-mail address of one colleague who is in a group of yours')
  const { id: delegateId, name } = delegate
  return transaction(async (tx) => {
    await saveAbsence(tx, actor.person.id, { from, until, delegateId })
    const data = { from: from.toISOString(), until: until.toISOString(), delegate: name }
    await recordEvent(tx, { type: 'absence.set', actor, data, about: { personId: delegateId } })
    return { absence: data }
  })
}

/** Says that the caller is back. Without an absence nothing happens. */
export async function endAbsence(actor: PersonActor): Promise<OwnAbsence> {
  return transaction(async (tx) => {
    if (await clearAbsence(tx, actor.person.id)) await recordEvent(tx, { type: 'absence.ended', actor, data: {} })
    return { absence: null }
  })
}
