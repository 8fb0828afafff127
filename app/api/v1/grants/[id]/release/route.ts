import { endpoints } from '#lib/api/endpoints'
import { waitingRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { releaseGrant } from '#lib/operations/release-grant'
import { getGrantState } from '#lib/views/get-grant'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: waitingRoute(
    endpoints.releaseGrant,
    ({ actor, params }) => getGrantState(actor, params.id),
    ({ actor, params }) => releaseGrant(actor, params.id),
  ),
})
