import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { reviewRequest } from '#lib/operations/review-request'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.reviewRequest, ({ actor, params, body }) => reviewRequest(actor, params.id, body)),
})
