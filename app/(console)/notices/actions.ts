'use server'
import { revalidatePath } from 'next/cache'
import { endpoints } from '#lib/api/endpoints'
import type { FormAnswer } from '#lib/core/access/action-result'
import { fieldIn, preferencesInput } from '#lib/core/access/form-input'
import { noticeKinds } from '#lib/core/notices/kinds'
import { sendNoticesAgain } from '#lib/operations/send-notices-again'
import { setNoticePreferences } from '#lib/operations/set-notice-preferences'
import { answer } from '../answer.ts'

type Preferences = { wanted: string[] }

/** Chooses which kinds of notices the signed-in person receives by e-mail. */
export async function saveNoticePreferences(
  _previous: FormAnswer<Preferences>,
  form: FormData,
): Promise<FormAnswer<Preferences>> {
  // Anyone can call an action with any argument; without a real form nothing is chosen.
  const { body, kept } = preferencesInput(form, form instanceof FormData ? noticeKinds : [])
  const { error } = await answer(endpoints.setNoticePreferences, { body }, ({ actor, body }) =>
    setNoticePreferences(actor, body),
  )
  if (error) return { error, kept }
  revalidatePath('/notices')
  return { error: null, kept: {} }
}

/** Sends the notices of a channel again that were given up. */
export async function sendAgain(_previous: FormAnswer, form: FormData): Promise<FormAnswer> {
  const body = { channel: fieldIn(form, 'channel') }
  const { error } = await answer(endpoints.sendNoticesAgain, { body }, ({ actor, body }) =>
    sendNoticesAgain(actor, body),
  )
  if (!error) revalidatePath('/', 'layout')
  return { error, kept: {} }
}
