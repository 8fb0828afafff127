import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { submitRequest } from '#lib/operations/submit-request'
import { listRequests } from '#lib/views/list-requests'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.listRequests, ({ actor, query }) => listRequests(actor, query)),
  POST: route(endpoints.submitRequest, ({ actor, body }) => submitRequest(actor, body)),
})
