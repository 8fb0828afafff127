'use server'
import { revalidatePath } from 'next/cache'
import { endpoints } from '#lib/api/endpoints'
import { pageOperations } from '#lib/api/page-operations'
import type { FormAnswer } from '#lib/core/access/action-result'
import { fieldIn } from '#lib/core/access/form-input'
import { deleteHistoryFilter, saveHistoryFilter } from '#lib/operations/saved-filters'
import { signOffAccessReview } from '#lib/operations/sign-off-access-review'
import { answer } from '../answer.ts'

/** Saves the filter of the history under a name. */
export async function saveFilter(
  _previous: FormAnswer<{ name: string }>,
  form: FormData,
): Promise<FormAnswer<{ name: string }>> {
  const body = { name: fieldIn(form, 'name'), query: fieldIn(form, 'query') }
  const { error } = await answer(pageOperations.saveHistoryFilter, { body }, ({ actor, body }) =>
    saveHistoryFilter(actor, body),
  )
  if (error) return { error, kept: { name: body.name } }
  revalidatePath('/history')
  return { error: null, kept: {} }
}

/** Deletes a saved filter. */
export async function deleteFilter(_previous: FormAnswer, form: FormData): Promise<FormAnswer> {
  const body = { name: fieldIn(form, 'name') }
  const { error } = await answer(pageOperations.deleteHistoryFilter, { body }, ({ actor, body }) =>
    deleteHistoryFilter(actor, body),
  )
  if (!error) revalidatePath('/history')
  return { error, kept: {} }
}

/** Records that the signed-in person has reviewed the access of a period. */
export async function signOff(
  _previous: FormAnswer<{ note: string }>,
  form: FormData,
): Promise<FormAnswer<{ note: string }>> {
  const [from, to, digest, note] = ['from', 'to', 'digest', 'note'].map((name) => fieldIn(form, name))
  const { error } = await answer(
    endpoints.signOffAccessReview,
    { body: { from, to, digest, note } },
    ({ actor, body }) => signOffAccessReview(actor, body),
  )
  if (error) return { error, kept: { note: note ?? '' } }
  revalidatePath('/history/review')
  return { error: null, kept: {} }
}
