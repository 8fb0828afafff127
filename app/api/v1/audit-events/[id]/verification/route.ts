import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { getEventVerification } from '#lib/views/verify-event'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.verifyEvent, ({ actor, params }) => getEventVerification(actor, params.id)),
})
