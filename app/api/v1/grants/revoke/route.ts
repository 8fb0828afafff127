import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { revokeGrants } from '#lib/operations/revoke-grants'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.revokeGrants, ({ actor, body }) => revokeGrants(actor, body)),
})
