'use server'
import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import type { ActionResult } from '#lib/core/access/action-result'
import type { Preview } from '#lib/core/access/preview-resource'
import { type DecisionBody, decisionSchema, type SubmissionBody, submissionSchema } from '#lib/core/access/request'
import { decideRequest } from '#lib/operations/decide-request'
import { submitRequest } from '#lib/operations/submit-request'
import { withdrawRequest } from '#lib/operations/withdraw-request'
import { previewRequest } from '#lib/views/preview-request'
import { answer } from '../answer.ts'
import { parsed } from '../parsed.ts'

// What arrives here comes from a browser: the types say what our own pages send, the schemas what is taken.

/** The dry run of an ask; changes nothing. */
export async function preview(body: SubmissionBody): Promise<ActionResult<{ preview: Preview }>> {
  return answer(async (actor) => ({ preview: await previewRequest(actor, parsed(submissionSchema, body)) }))
}

/** Asks, and goes to the new request's page. */
export async function submit(body: SubmissionBody): Promise<ActionResult> {
  const result = await answer((actor) => submitRequest(actor, parsed(submissionSchema, body)))
  if (result.error) return result
  revalidatePath('/')
  redirect(`/requests/${result.id}`)
}

export async function decide(requestId: string, body: DecisionBody): Promise<ActionResult> {
  return answer(async (actor) => {
    await decideRequest(actor, requestId, parsed(decisionSchema, body))
    revalidatePath('/', 'layout')
    return {}
  })
}

export async function withdraw(requestId: string): Promise<ActionResult> {
  return answer(async (actor) => {
    await withdrawRequest(actor, requestId)
    revalidatePath('/', 'layout')
    return {}
  })
}
