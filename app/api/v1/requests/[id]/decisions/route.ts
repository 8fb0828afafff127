import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { decideRequest } from '#lib/operations/decide-request'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.decideRequest, ({ actor, params, body }) => decideRequest(actor, params.id, body)),
})
