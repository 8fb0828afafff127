import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { releaseGrant } from '#lib/operations/release-grant'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.releaseGrant, ({ actor, params }) => releaseGrant(actor, params.id)),
})
