import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { listActivity } from '#lib/views/list-activity'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.listActivity, ({ actor, query }) => listActivity(actor, query)),
})
