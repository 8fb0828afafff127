import { endpoints } from '#lib/api/endpoints'
import { waitingRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { isRequestUnderWay } from '#lib/core/access/under-way'
import { getRequest } from '#lib/views/get-request'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: waitingRoute(endpoints.getRequest, async ({ actor, params }) => {
    const body = await getRequest(actor, params.id)
    return { body, isUnderWay: isRequestUnderWay(body), requestId: body.id }
  }),
})
