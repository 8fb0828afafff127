'use server'
import { revalidatePath } from 'next/cache'
import { cookies, headers } from 'next/headers'
import { browserCookie } from '#lib/adapters/auth/cookies'
import { revokeTokensOf } from '#lib/adapters/auth/revoke-tokens'
import { currentSessionId } from '#lib/adapters/auth/session'
import { endpoints } from '#lib/api/endpoints'
import { pageOperations } from '#lib/api/page-operations'
import type { FormAnswer } from '#lib/core/access/action-result'
import { browserLabel } from '#lib/core/access/browser-label'
import { fieldIn, type QuietHoursDraft, quietHoursInput } from '#lib/core/access/form-input'
import { instantOf } from '#lib/core/audit/when'
import { endOtherSessions } from '#lib/operations/end-other-sessions'
import { addBrowser, removeBrowser } from '#lib/operations/notify-in-browser'
import { endAbsence, setAbsence } from '#lib/operations/set-absence'
import { setNoticePreferences } from '#lib/operations/set-notice-preferences'
import { display } from '../../display.ts'
import { answer } from '../answer.ts'

type Absence = { from: string; until: string; delegate: string }

/** Says that this person is away. Days begin and end in the zone of the reader. */
export async function saveAbsence(_previous: FormAnswer<Absence>, form: FormData): Promise<FormAnswer<Absence>> {
  const kept = { from: fieldIn(form, 'from'), until: fieldIn(form, 'until'), delegate: fieldIn(form, 'delegate') }
  const { zone } = await display()
  const now = new Date()
  const instant = (text: string, until: boolean) => instantOf(text, { now, zone, until })?.toISOString() ?? text
  const body = { from: instant(kept.from, false), until: instant(kept.until, true), delegate: kept.delegate }
  const { error } = await answer(endpoints.setAbsence, { body }, (call) => setAbsence(call.actor, call.body))
  if (error) return { error, kept }
  revalidatePath('/settings')
  return { error: null, kept: {} }
}

/** Says that this person is back. */
export async function endOwnAbsence(_previous: FormAnswer, _form: FormData): Promise<FormAnswer> {
  const { error } = await answer(endpoints.endAbsence, {}, ({ actor }) => endAbsence(actor))
  if (!error) revalidatePath('/settings')
  return { error, kept: {} }
}

/** Sets the hours in which mails to this person wait. */
export async function saveQuietHours(
  _previous: FormAnswer<QuietHoursDraft>,
  form: FormData,
): Promise<FormAnswer<QuietHoursDraft>> {
  const kept = quietHoursInput(form)
  const body = { quietHours: kept }
  const { error } = await answer(endpoints.setNoticePreferences, { body }, ({ actor, body }) =>
    setNoticePreferences(actor, body),
  )
  if (error) return { error, kept }
  revalidatePath('/settings')
  return { error: null, kept: {} }
}

/** Says that no mail to this person waits. */
export async function endQuietHours(_previous: FormAnswer, _form: FormData): Promise<FormAnswer> {
  const { error } = await answer(endpoints.setNoticePreferences, { body: { quietHours: null } }, ({ actor, body }) =>
    setNoticePreferences(actor, body),
  )
  if (!error) revalidatePath('/settings')
  return { error, kept: {} }
}

/** Notifies this person in this browser too. Its service worker and its push service know how. */
export async function notifyHere(_previous: FormAnswer, form: FormData): Promise<FormAnswer> {
  const body = { endpoint: fieldIn(form, 'endpoint'), p256dh: fieldIn(form, 'p256dh'), auth: fieldIn(form, 'auth') }
  const label = browserLabel((await headers()).get('user-agent') ?? '')
  const added = await answer(pageOperations.addBrowser, { body }, ({ actor, body }) => addBrowser(actor, body, label))
  if (added.error) return { error: added.error, kept: {} }
  const { name, options } = browserCookie()
  // As long as browsers keep a cookie (RFC 6265bis §5.5).
  ;(await cookies()).set(name, added.value.id, { ...options, maxAge: 400 * 86_400 })
  revalidatePath('/settings')
  return { error: null, kept: {} }
}

/** No longer notifies this person in a browser. */
export async function stopNotifying(_previous: FormAnswer, form: FormData): Promise<FormAnswer> {
  const body = { id: fieldIn(form, 'id') }
  const { error } = await answer(pageOperations.removeBrowser, { body }, ({ actor, body }) =>
    removeBrowser(actor, body.id),
  )
  if (!error) revalidatePath('/settings')
  return { error, kept: {} }
}

/** Signs this person out in all other browsers. */
export async function signOutElsewhere(_previous: FormAnswer, _form: FormData): Promise<FormAnswer> {
  const [here, jar] = await Promise.all([currentSessionId(), cookies()])
  const browser = jar.get(browserCookie().name)?.value
  const { error } = await answer(pageOperations.endOtherSessions, { body: {} }, async ({ actor }) => {
    const ended = await endOtherSessions(actor, here ?? '', browser)
    // Not awaited: the sessions are over, and a provider that is slow at this must not delay the answer.
    void revokeTokensOf(ended)
    return { count: ended.length }
  })
  if (!error) revalidatePath('/settings')
  return { error, kept: {} }
}
