'use server'
import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { endpoints } from '#lib/api/endpoints'
import type { ActionResult, FormAnswer } from '#lib/core/access/action-result'
import { type DecisionDraft, type Draft, decisionInput, fieldIn, submissionInput } from '#lib/core/access/form-input'
import type { Preview } from '#lib/core/access/preview-resource'
import { addComment } from '#lib/operations/add-comment'
import { decideRequest } from '#lib/operations/decide-request'
import { reviewRequest } from '#lib/operations/review-request'
import { submitRequest } from '#lib/operations/submit-request'
import { withdrawRequest } from '#lib/operations/withdraw-request'
import { previewRequest } from '#lib/views/preview-request'
import { answer } from '../answer.ts'

// NB: the arguments come from a browser. The types describe what Postern's pages send; the schemas check what arrives.

/** Previews the request of a form without submitting it. */
export async function preview(form: FormData): Promise<ActionResult<{ preview: Preview }>> {
  const { body } = submissionInput(form)
  const result = await answer(endpoints.previewRequest, { body }, ({ actor, body }) => previewRequest(actor, body))
  return result.error ? result : { error: null, preview: result.value }
}

/** Submits a request, and goes to its page. */
export async function submit(_previous: FormAnswer<Draft>, form: FormData): Promise<FormAnswer<Draft>> {
  const { body, kept } = submissionInput(form)
  const result = await answer(endpoints.submitRequest, { body }, ({ actor, body }) => submitRequest(actor, body))
  if (result.error) return { error: result.error, kept }
  revalidatePath('/access')
  redirect(`/requests/${result.value.id}`)
}

/** Approves or denies a request. */
export async function decide(_previous: FormAnswer<DecisionDraft>, form: FormData): Promise<FormAnswer<DecisionDraft>> {
  const { requestId, body, kept } = decisionInput(form)
  const { error } = await answer(
    endpoints.decideRequest,
    { params: { id: requestId }, body },
    ({ actor, params, body }) => decideRequest(actor, params.id, body),
  )
  if (error) return { error, kept }
  revalidatePath('/', 'layout')
  return { error: null, kept: {} }
}

/** Comments on a pending request. */
export async function comment(
  _previous: FormAnswer<{ text: string }>,
  form: FormData,
): Promise<FormAnswer<{ text: string }>> {
  const kept = { text: fieldIn(form, 'text') }
  const needed = fieldIn(form, 'needsInformation') === 'true' ? { needsInformation: true } : {}
  const { error } = await answer(
    endpoints.addComment,
    { params: { id: fieldIn(form, 'requestId') }, body: { ...kept, ...needed } },
    ({ actor, params, body }) => addComment(actor, params.id, body),
  )
  if (error) return { error, kept }
  revalidatePath('/', 'layout')
  return { error: null, kept: {} }
}

/** Records whether break-glass access was justified. */
export async function review(
  _previous: FormAnswer<{ note: string; outcome: string }>,
  form: FormData,
): Promise<FormAnswer<{ note: string; outcome: string }>> {
  const kept = { note: fieldIn(form, 'note'), outcome: fieldIn(form, 'outcome') }
  const { error } = await answer(
    endpoints.reviewRequest,
    { params: { id: fieldIn(form, 'requestId') }, body: kept },
    ({ actor, params, body }) => reviewRequest(actor, params.id, body),
  )
  if (error) return { error, kept }
  revalidatePath('/', 'layout')
  return { error: null, kept: {} }
}

/** Withdraws a pending request. */
export async function withdraw(_previous: FormAnswer, form: FormData): Promise<FormAnswer> {
  const params = { id: fieldIn(form, 'requestId') }
  const { error } = await answer(endpoints.withdrawRequest, { params }, ({ actor, params }) =>
    withdrawRequest(actor, params.id),
  )
  if (!error) revalidatePath('/', 'layout')
  return { error, kept: {} }
}
