'use server'
import { revalidatePath } from 'next/cache'
import type { ActionResult } from '#lib/core/access/action-result'
import type { IssuedCredential } from '#lib/core/access/credential-resource'
import { AppError } from '#lib/core/access/errors'
import { revocationSchema } from '#lib/core/access/request'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { answer } from '../answer.ts'

/**
 * A credential for the holder, shown once. NB: nothing is revalidated here: the answer goes to the sheet that asked
 * and must not become part of any page.
 */
export async function connect(grantId: string): Promise<ActionResult<{ credential: IssuedCredential }>> {
  return answer(async (actor) => ({ credential: await issueCredential(actor, grantId) }))
}

export async function release(grantId: string): Promise<ActionResult> {
  return answer(async (actor) => {
    await releaseGrant(actor, grantId)
    revalidatePath('/', 'layout')
    return {}
  })
}

export async function revoke(grantId: string, reason: string): Promise<ActionResult> {
  return answer(async (actor) => {
    const body = revocationSchema.safeParse({ reason })
    if (!body.success)
      throw new AppError('invalid', 'Say why, so that the record knows.', {
        errors: body.error.issues.map(({ message }) => ({ pointer: '/reason', message })),
      })
    await revokeGrant(actor, grantId, body.data)
    revalidatePath('/', 'layout')
    return {}
  })
}
