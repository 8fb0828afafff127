import { cache } from 'react'
import { endpoints } from '#lib/api/endpoints'
import { performForPage } from '#lib/api/perform'
import type { PersonActor } from '#lib/core/access/actor'
import type { RequestResource } from '#lib/core/access/request-resource'
import { getRequest } from '#lib/views/get-request'

/** The request, or null if there is none or this reader may not see it: no page tells the two apart. Read once per page. */
export const requestOrNothing = cache(async (actor: PersonActor, id: string): Promise<RequestResource | null> => {
  const { value, error } = await performForPage(
    endpoints.getRequest,
    async () => actor,
    { params: { id } },
    ({ params }) => getRequest(actor, params.id),
  )
  if (error && error.code !== 'not-found') throw error
  return value
})
