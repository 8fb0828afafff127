'use server'
import { revalidatePath } from 'next/cache'
import { endpoints } from '#lib/api/endpoints'
import type { FormAnswer } from '#lib/core/access/action-result'
import { fieldIn } from '#lib/core/access/form-input'
import { acceptPostureFinding } from '#lib/operations/accept-posture-finding'
import { takePostureBaseline } from '#lib/operations/take-posture-baseline'
import { withdrawPostureAcceptance } from '#lib/operations/withdraw-posture-acceptance'
import { answer } from '../answer.ts'

type Acceptance = { reason: string; owner: string; until: string }

/** Accepts the risk of a finding until the end of a day (UTC). */
export async function acceptFinding(
  _previous: FormAnswer<Acceptance>,
  form: FormData,
): Promise<FormAnswer<Acceptance>> {
  const kept = { reason: fieldIn(form, 'reason'), owner: fieldIn(form, 'owner'), until: fieldIn(form, 'until') }
  const params = { cluster: fieldIn(form, 'cluster'), id: fieldIn(form, 'id') }
  const body = { ...kept, until: `${kept.until}T23:59:59Z`, digest: fieldIn(form, 'digest') }
  const { error } = await answer(endpoints.acceptPostureFinding, { params, body }, ({ actor, params, body }) =>
    acceptPostureFinding(actor, params.cluster, params.id, body),
  )
  if (error) return { error, kept }
  revalidatePath('/clusters', 'layout')
  return { error: null, kept: {} }
}

/** Withdraws the acceptance of a finding. */
export async function withdrawAcceptance(
  _previous: FormAnswer<{ note: string }>,
  form: FormData,
): Promise<FormAnswer<{ note: string }>> {
  const kept = { note: fieldIn(form, 'note') }
  const params = { cluster: fieldIn(form, 'cluster'), id: fieldIn(form, 'id') }
  const { error } = await answer(
    endpoints.withdrawPostureAcceptance,
    { params, body: kept },
    ({ actor, params, body }) => withdrawPostureAcceptance(actor, params.cluster, params.id, body),
  )
  if (error) return { error, kept }
  revalidatePath('/clusters', 'layout')
  return { error: null, kept: {} }
}

/** Takes the posture of a cluster, as the page showed it, as its baseline. */
export async function takeBaseline(_previous: FormAnswer, form: FormData): Promise<FormAnswer> {
  const params = { cluster: fieldIn(form, 'cluster') }
  const body = { judgedAt: fieldIn(form, 'judgedAt') }
  const { error } = await answer(endpoints.takePostureBaseline, { params, body }, ({ actor, params, body }) =>
    takePostureBaseline(actor, params.cluster, body),
  )
  if (!error) revalidatePath('/clusters', 'layout')
  return { error, kept: {} }
}
