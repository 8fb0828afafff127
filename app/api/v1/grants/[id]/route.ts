import { endpoints } from '#lib/api/endpoints'
import { waitingRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { isGrantUnderWay } from '#lib/core/access/under-way'
import { getGrant } from '#lib/views/get-grant'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: waitingRoute(endpoints.getGrant, async ({ actor, params }) => {
    const body = await getGrant(actor, params.id)
    return { body, isUnderWay: isGrantUnderWay(body), requestId: body.requestId }
  }),
})
