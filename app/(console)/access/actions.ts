'use server'
import { revalidatePath } from 'next/cache'
import { pageOperations } from '#lib/api/page-operations'
import type { FormAnswer } from '#lib/core/access/action-result'
import { fieldIn } from '#lib/core/access/form-input'
import { setFavourite } from '#lib/operations/set-favourite'
import { answer } from '../answer.ts'

/** Stars an entitlement, or takes the star away. */
export async function star(_previous: FormAnswer, form: FormData): Promise<FormAnswer> {
  const body = { entitlement: fieldIn(form, 'entitlement'), favourite: fieldIn(form, 'favourite') === 'yes' }
  const { error } = await answer(pageOperations.setFavourite, { body }, ({ actor, body }) => setFavourite(actor, body))
  if (!error) revalidatePath('/access')
  return { error, kept: {} }
}
