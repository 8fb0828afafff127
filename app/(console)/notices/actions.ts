'use server'
import { revalidatePath } from 'next/cache'
import { endpoints } from '#lib/api/endpoints'
import type { FormAnswer } from '#lib/core/access/action-result'
import { fieldIn } from '#lib/core/access/form-input'
import { sendNoticesAgain } from '#lib/operations/send-notices-again'
import { answer } from '../answer.ts'

/** Sends the notices of a channel again that were given up. */
export async function sendAgain(_previous: FormAnswer, form: FormData): Promise<FormAnswer> {
  const body = { channel: fieldIn(form, 'channel') }
  const { error } = await answer(endpoints.sendNoticesAgain, { body }, ({ actor, body }) =>
    sendNoticesAgain(actor, body),
  )
  if (!error) revalidatePath('/', 'layout')
  return { error, kept: {} }
}
