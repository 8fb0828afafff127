import { alignResponse } from '#lib/api/constant-time'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import type { RequestResource } from '#lib/core/access/request-resource'
import { getRequest } from '#lib/views/get-request'

/** The request, or null where there is none or it is not this reader's: the two are never told apart. */
export async function requestOrNothing(actor: PersonActor, id: string): Promise<RequestResource | null> {
  const began = performance.now()
  try {
    return await getRequest(actor, id)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not-found') throw error
    await alignResponse(began)
    return null
  }
}
