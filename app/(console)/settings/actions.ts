'use server'
import { revalidatePath } from 'next/cache'
import { revokeTokensOf } from '#lib/adapters/auth/revoke-tokens'
import { currentSessionId } from '#lib/adapters/auth/session'
import { pageOperations } from '#lib/api/page-operations'
import type { FormAnswer } from '#lib/core/access/action-result'
import { endOtherSessions } from '#lib/operations/end-other-sessions'
import { answer } from '../answer.ts'

/** Signs this person out in all other browsers. */
export async function signOutElsewhere(_previous: FormAnswer, _form: FormData): Promise<FormAnswer> {
  const here = await currentSessionId()
  const { error } = await answer(pageOperations.endOtherSessions, { body: {} }, async ({ actor }) => {
    const ended = await endOtherSessions(actor, here ?? '')
    // Not awaited: the sessions are over, and a provider that is slow at this must not delay the answer.
    void revokeTokensOf(ended)
    return { count: ended.length }
  })
  if (!error) revalidatePath('/settings')
  return { error, kept: {} }
}
