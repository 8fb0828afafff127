import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { withdrawRequest } from '#lib/operations/withdraw-request'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.withdrawRequest, ({ actor, params }) => withdrawRequest(actor, params.id)),
})
