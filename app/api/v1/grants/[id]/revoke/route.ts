import { endpoints } from '#lib/api/endpoints'
import { waitingRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { getGrantState } from '#lib/views/get-grant'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: waitingRoute(
    endpoints.revokeGrant,
    ({ actor, params }) => getGrantState(actor, params.id),
    ({ actor, params, body }) => revokeGrant(actor, params.id, body),
  ),
})
