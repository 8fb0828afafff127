import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { revokeGrant } from '#lib/operations/revoke-grant'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.revokeGrant, ({ actor, params, body }) => revokeGrant(actor, params.id, body)),
})
