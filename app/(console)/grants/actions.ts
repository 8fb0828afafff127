'use server'
import { revalidatePath } from 'next/cache'
import { endpoints } from '#lib/api/endpoints'
import type { ActionResult, FormAnswer } from '#lib/core/access/action-result'
import type { IssuedCredential } from '#lib/core/access/credential-resource'
import { bulkRevocationInput, fieldIn, revocationInput } from '#lib/core/access/form-input'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { revokeGrants } from '#lib/operations/revoke-grants'
import { answer } from '../answer.ts'

/**
 * Issues a credential to the holder, shown once. NB: nothing is revalidated here, because the answer must not become part
 * of any page.
 */
export async function connect(grantId: string): Promise<ActionResult<{ credential: IssuedCredential }>> {
  const result = await answer(endpoints.issueCredential, { params: { id: grantId } }, ({ actor, params }) =>
    issueCredential(actor, params.id),
  )
  return result.error ? result : { error: null, credential: result.value }
}

/** Ends the holder's own access. */
export async function release(_previous: FormAnswer, form: FormData): Promise<FormAnswer> {
  const params = { id: fieldIn(form, 'grantId') }
  const { error } = await answer(endpoints.releaseGrant, { params }, ({ actor, params }) =>
    releaseGrant(actor, params.id),
  )
  if (!error) revalidatePath('/', 'layout')
  return { error, kept: {} }
}

type Revocation = { reason: string }

/** Ends another person's access, with a reason. */
export async function revoke(_previous: FormAnswer<Revocation>, form: FormData): Promise<FormAnswer<Revocation>> {
  const { grantId, body, kept } = revocationInput(form)
  const { error } = await answer(endpoints.revokeGrant, { params: { id: grantId }, body }, ({ actor, params, body }) =>
    revokeGrant(actor, params.id, body),
  )
  if (error) return { error, kept }
  revalidatePath('/', 'layout')
  return { error: null, kept: {} }
}

type BulkRevocation = { reason: string; confirm: string }

/** Ends all live access of a person or an entitlement, in a namespace or on a cluster. */
export async function revokeAll(
  _previous: FormAnswer<BulkRevocation>,
  form: FormData,
): Promise<FormAnswer<BulkRevocation>> {
  const { body, kept } = bulkRevocationInput(form)
  const { error } = await answer(endpoints.revokeGrants, { body }, ({ actor, body }) => revokeGrants(actor, body))
  if (error) return { error, kept }
  revalidatePath('/', 'layout')
  return { error: null, kept: {} }
}
